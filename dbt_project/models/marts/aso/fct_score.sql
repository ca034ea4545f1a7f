with

unusable as (
    select distinct assessment_key, indicator_code
    from {{ ref('int_score_row') }}
    where bucket = 'quarantined'
)

select
    assessments.assessment_key,
    assessments.episode_key,
    indicators.indicator_code,
    indicators.domain_code,
    case when not coalesce(scores.is_not_applicable, false) then scores.score end::tinyint as score,
    case
        when scores.is_not_applicable then 'not_applicable'
        when scores.score is not null then 'scored'
        else 'missing'
    end as score_status,
    scores.score is null and not coalesce(scores.is_not_applicable, false) and unusable.assessment_key is not null as is_quarantined
from {{ ref('int_assessment') }} as assessments
cross join {{ ref('int_indicator') }} as indicators
left join {{ ref('int_score_row') }} as scores
    on
        assessments.assessment_key = scores.assessment_key
        and indicators.indicator_code = scores.indicator_code
        and scores.bucket = 'out'
left join unusable
    on
        assessments.assessment_key = unusable.assessment_key
        and indicators.indicator_code = unusable.indicator_code
where {{ valid_on('indicators', 'assessments.assessed_on') }}
