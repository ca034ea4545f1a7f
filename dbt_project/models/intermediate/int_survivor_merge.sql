with recursive

{{ with_duplicates(ref('stg_jds__survivors'), ['survivor_key']) }},

standing as (
    select survivor_key, merged_into_key
    from all_rows
    where duplicate_rule is null and survivor_key is not null
),

-- A cycle never ends; a hundred steps are more than any chain of duplicates has.
chain as (
    select survivor_key, merged_into_key as at_key, 1 as steps
    from standing
    where merged_into_key is not null

    union all

    select chain.survivor_key, standing.merged_into_key as at_key, chain.steps + 1 as steps
    from chain
    inner join standing on chain.at_key = standing.survivor_key
    where standing.merged_into_key is not null and chain.steps < 100
),

ends as (
    select
        survivor_key,
        max_by(at_key, steps) as end_key,
        max(steps) >= 100 as is_cycle
    from chain
    group by survivor_key
),

present as (
    select distinct survivor_key from all_rows where survivor_key is not null
),

gone as (
    select key as survivor_key from {{ ref('int_key_known_before') }} where table_name = 'survivors' and is_gone
),

resolved as (
    select
        ends.survivor_key,
        ends.end_key,
        case
            when ends.is_cycle then 'merge_cycle'
            when present.survivor_key is null and gone.survivor_key is null then 'merged_into_missing'
        end as rule
    from ends
    left join present on ends.end_key = present.survivor_key
    left join gone on ends.end_key = gone.survivor_key
)

select * from resolved
