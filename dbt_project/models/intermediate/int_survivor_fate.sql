with

rows_of_people as (
    select person_key, bucket
    from {{ ref('int_survivor_row') }}
    where not is_merged and coalesce(duplicate_rule, '') not in ('exact', 'superseded') and survivor_key is not null
),

people as (
    select person_key, any_value(bucket) as bucket
    from rows_of_people
    group by person_key
),

records as (
    select distinct survivor_key, person_key
    from {{ ref('int_survivor_row') }}
    where survivor_key is not null
),

gone as (
    select key as survivor_key
    from {{ ref('int_key_known_before') }}
    where table_name = 'survivors' and is_gone
),

fates as (
    select
        records.survivor_key,
        records.person_key,
        coalesce(people.bucket, 'tombstoned') as bucket
    from records
    left join people on records.person_key = people.person_key

    union all

    select survivor_key, survivor_key as person_key, 'tombstoned' as bucket
    from gone
)

select * from fates
