{%- set domains = {'SAF': 'saf', 'LEG': 'leg', 'MEN': 'men', 'ECO': 'eco', 'SOC': 'soc', 'PHY': 'phy', 'TOTAL': 'total'} -%}
with

baselines as (
    select assessments.*
    from {{ ref('int_assessment') }} as assessments
    inner join {{ ref('int_stage') }} as stages on assessments.assessment_key = stages.assessment_key
    where stages.stage = 'initial'
),

latests as (
    select assessments.*
    from {{ ref('int_assessment') }} as assessments
    inner join {{ ref('int_episode') }} as episodes on assessments.episode_key = episodes.episode_key
    inner join baselines on assessments.episode_key = baselines.episode_key
    where
        assessments.is_of_the_day
        and assessments.day > baselines.day
        and (episodes.exit_day is null or assessments.day <= episodes.exit_day + {{ definition('end_window_days') }})
    qualify row_number() over (partition by assessments.episode_key order by assessments.day desc) = 1
),

by_domain as (
    {% for code, column in domains.items() %}
    select
        baselines.episode_key,
        '{{ code }}' as domain_code,
        baselines.{{ column }} as initial,
        latests.{{ column }} as latest,
        (latests.day - baselines.day)::integer as days_between,
        baselines.assessor_key != latests.assessor_key as assessor_changed
    from baselines
    inner join latests on baselines.episode_key = latests.episode_key
    {{ "union all" if not loop.last }}
    {% endfor %}
),

compared as (
    select by_domain.*, instrument.scale_max - instrument.scale_min as scale
    from by_domain
    cross join {{ ref('int_instrument') }} as instrument
    where by_domain.initial is not null and by_domain.latest is not null
)

select
    episode_key,
    domain_code,
    initial,
    latest,
    latest - initial as delta,
    round(latest - initial, 9) >= round({{ definition('measurable_change') }} * scale, 9) as is_measurable,
    round(latest - initial, 9) >= round({{ definition('substantial_change') }} * scale, 9) as is_substantial,
    round(latest - initial, 9) < 0 as is_worse,
    assessor_changed,
    days_between
from compared
order by episode_key, domain_code
