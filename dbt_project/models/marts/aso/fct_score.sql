-- What was said is joined once; only forms that miss an item are held against the list of items.
with

said as (
    select
        scores.assessment_key,
        assessments.episode_key,
        scores.indicator_code,
        indicators.domain_code,
        case when not scores.is_not_applicable then scores.score end::tinyint as score,
        case when scores.is_not_applicable then 'not_applicable' else 'scored' end as score_status,
        false as is_quarantined
    from {{ ref('int_score_row') }} as scores
    inner join {{ ref('int_assessment') }} as assessments on scores.assessment_key = assessments.assessment_key
    inner join {{ ref('int_indicator') }} as indicators on scores.indicator_code = indicators.indicator_code
    where scores.bucket = 'out' and (scores.score is not null or scores.is_not_applicable)
),

asked as (
    select
        assessments.assessment_key,
        assessments.episode_key,
        indicators.indicator_code,
        indicators.domain_code
    from {{ ref('int_assessment') }} as assessments
    cross join {{ ref('int_indicator') }} as indicators
    where assessments.n_missing > 0 and {{ valid_on('indicators', 'assessments.assessed_on') }}
),

unusable as (
    select distinct assessment_key, indicator_code
    from {{ ref('int_score_row') }}
    where bucket = 'quarantined'
),

missing as (
    select
        asked.*,
        null::tinyint as score,
        'missing' as score_status,
        unusable.assessment_key is not null as is_quarantined
    from asked
    left join unusable on asked.assessment_key = unusable.assessment_key and asked.indicator_code = unusable.indicator_code
    anti join said on asked.assessment_key = said.assessment_key and asked.indicator_code = said.indicator_code
)

select * from said
union all by name
select * from missing
