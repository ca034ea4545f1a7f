select
    assessments.assessment_key,
    assessments.episode_key,
    assessments.day::integer as day,
    assessments.stage_raw,
    stages.stage,
    assessments.assessor_key,
    assessments.instrument_version,
    assessments.setting,
    assessments.saf,
    assessments.leg,
    assessments.men,
    assessments.eco,
    assessments.soc,
    assessments.phy,
    assessments.total,
    assessments.n_domains::integer as n_domains,
    assessments.n_scored::integer as n_scored,
    assessments.n_not_applicable::integer as n_not_applicable,
    assessments.n_missing::integer as n_missing,
    assessments.is_restored
from {{ ref('int_assessment') }} as assessments
inner join {{ ref('int_stage') }} as stages on assessments.assessment_key = stages.assessment_key
order by assessments.episode_key, assessments.day, assessments.assessment_key
