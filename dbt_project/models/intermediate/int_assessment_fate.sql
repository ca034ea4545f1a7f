with

standing as (
    select
        assessment_key,
        case
            when bool_or(bucket = 'tombstoned') then 'tombstoned'
            when bool_or(bucket = 'excluded') then 'excluded'
            else any_value(bucket)
        end as bucket,
        max(assessed_on) as assessed_on
    from {{ ref('int_assessment_row') }}
    where bucket != 'collapsed' and assessment_key is not null
    group by assessment_key
),

gone as (
    select key as assessment_key, 'tombstoned' as bucket, null::date as assessed_on
    from {{ ref('int_key_known_before') }}
    where table_name = 'aso_assessments' and is_gone
)

select * from standing
union all
select * from gone
