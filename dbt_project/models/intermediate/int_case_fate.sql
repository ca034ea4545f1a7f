with

standing as (
    select
        case_key,
        case when bool_or(bucket = 'tombstoned') then 'tombstoned' else any_value(bucket) end as bucket
    from {{ ref('int_case_row') }}
    where bucket != 'collapsed' and case_key is not null
    group by case_key
),

gone as (
    select key as case_key, 'tombstoned' as bucket
    from {{ ref('int_key_known_before') }}
    where table_name = 'cases' and is_gone
)

select * from standing
union all
select * from gone
