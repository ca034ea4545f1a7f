with

{{ with_duplicates(ref('stg_jds__survivors'), ['survivor_key']) }},

merged as (
    select * from {{ ref('int_survivor_merge') }}
),

-- The person a record stands for: the end of its chain of merges, itself where it was not merged or the merge cannot be followed.
joined as (
    select
        all_rows.*,
        case when merged.rule is null then coalesce(merged.end_key, all_rows.survivor_key) else all_rows.survivor_key end as person_key,
        merged.survivor_key is not null and merged.rule is null as is_merged,
        merged.rule as merge_rule
    from all_rows
    left join merged on all_rows.survivor_key = merged.survivor_key
),

-- Consent withheld on any record of a person excludes them all; a deleted record deletes the person only where it is the end of the chain.
people as (
    select
        person_key,
        bool_and(coalesce(consent_analytics, false)) as has_consent,
        coalesce(bool_or(is_deleted) filter (where not is_merged), false) as is_deleted_person
    from joined
    where duplicate_rule is null or duplicate_rule = 'conflict'
    group by person_key
),

ruled as (
    select
        joined.*,
        people.has_consent,
        people.is_deleted_person,
        case
            when joined.duplicate_rule = 'conflict' then 'duplicate_conflict'
            when joined.survivor_key is null then 'missing_key'
            else joined.merge_rule
        end as rule
    from joined
    left join people on joined.person_key = people.person_key
),

bucketed as (
    select
        * exclude (has_consent, is_deleted_person),
        case
            when duplicate_rule is null and is_merged then 'collapsed'
            else {{ bucket('coalesce(is_deleted_person, is_deleted)', 'not coalesce(has_consent, consent_analytics, false)', 'rule') }}
        end as bucket
    from ruled
)

select * from bucketed
