with

{{ with_duplicates(ref('stg_jds__cases'), ['case_key']) }},

ruled as (
    select
        *,
        case
            when duplicate_rule = 'conflict' then 'duplicate_conflict'
            when case_key is null then 'missing_key'
        end as rule
    from all_rows
),

bucketed as (
    select *, {{ bucket('is_deleted', 'false', 'rule') }} as bucket
    from ruled
)

select * from bucketed
