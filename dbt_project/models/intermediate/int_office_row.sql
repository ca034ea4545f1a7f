with

{{ with_duplicates(ref('stg_jds__offices'), ['office_id']) }},

ruled as (
    select
        *,
        case
            when duplicate_rule = 'conflict' then 'duplicate_conflict'
            when office_id is null then 'missing_key'
        end as rule
    from all_rows
),

bucketed as (
    select *, {{ bucket('false', 'false', 'rule') }} as bucket
    from ruled
)

select * from bucketed
