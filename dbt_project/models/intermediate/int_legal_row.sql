with

{{ with_duplicates(ref('stg_jds__legal_proceedings'), ['proceeding_key']) }},

joined as (
    select
        all_rows.* exclude (survivor_key),
        coalesce(person.person_key, all_rows.survivor_key) as survivor_key,
        case when all_rows.survivor_key is null then 'out' else person.bucket end as survivor_bucket,
        case_fate.bucket as case_bucket,
        run.as_of
    from all_rows
    left join {{ ref('int_survivor_fate') }} as person on all_rows.survivor_key = person.survivor_key
    left join {{ ref('int_case_fate') }} as case_fate on all_rows.case_key = case_fate.case_key
    cross join {{ ref('int_run') }} as run
),

-- An event has two parents, its case and (where it is hers alone) its survivor: both must be there.
with_parent as (
    select
        *,
        case
            when survivor_bucket is null or case_bucket is null then null
            when survivor_bucket = 'quarantined' or case_bucket = 'quarantined' then 'quarantined'
            else 'out'
        end as parent_bucket
    from joined
),

ruled as (
    select *, {{ child_rule('proceeding_key', [['after_as_of', 'occurred_on > as_of']]) }} as rule
    from with_parent
),

bucketed as (
    select
        * exclude (parent_bucket, survivor_bucket, case_bucket, as_of),
        {{ bucket("is_deleted or coalesce(survivor_bucket = 'tombstoned', false) or coalesce(case_bucket = 'tombstoned', false)",
                  "coalesce(survivor_bucket = 'excluded', false)", 'rule') }} as bucket
    from ruled
)

select * from bucketed
