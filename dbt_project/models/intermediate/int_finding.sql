-- One row per record and check that it does not pass: what an office can set right. Keys only; records of people without consent are
-- not looked at.
{%- set children = {
    'aso_assessments': 'assessment_key', 'community_events': 'attendance_key', 'health_services': 'health_service_key',
    'support_services': 'support_service_key',
} %}
with

office_of as (
    select episode_key, any_value(office_id) as office_id
    from {{ ref('int_episode_row') }}
    where episode_key is not null
    group by episode_key
),

case_office as (
    select case_key, any_value(office_id) as office_id
    from {{ ref('int_case_row') }}
    where case_key is not null
    group by case_key
),

form_of as (
    select assessment_key, any_value(episode_key) as episode_key
    from {{ ref('int_assessment_row') }}
    where assessment_key is not null
    group by assessment_key
),

forms as (
    select
        assessments.*,
        facts.stage,
        episodes.exit_day
    from {{ ref('int_assessment') }} as assessments
    inner join {{ ref('fct_assessment') }} as facts on assessments.assessment_key = facts.assessment_key
    inner join {{ ref('fct_episode') }} as episodes on assessments.episode_key = episodes.episode_key
),

-- What the last form that can be judged says, up to the end window after the exit.
last_judged as (
    select episode_key, max_by(is_restored, day) as is_restored
    from forms
    where is_of_the_day and is_judgeable and (exit_day is null or day <= exit_day + {{ definition('end_window_days') }})
    group by episode_key
),

form_days as (
    select episode_key, min(day) as first_day, max(day) as last_day
    from forms
    group by episode_key
),

same_scores as (
    select assessment_key
    from {{ ref('fct_score') }}
    where score_status = 'scored'
    group by assessment_key
    having count(*) >= 10 and count(distinct score) = 1
),

-- With fewer than 50 ended stays nobody knows what is long.
long_stay as (
    select case when count(exit_day) >= 50 then quantile_cont(exit_day, 0.98) end as longest
    from {{ ref('fct_episode') }}
),

episodes as (
    select
        facts.episode_key,
        facts.outcome = 'restored' and facts.event != 1 as restored_unseen,
        facts.outcome = 'restored' and not facts.has_end as closed_restored_without_end,
        facts.outcome = 'restored' and not coalesce(last_judged.is_restored, true) as closed_restored_below_cutoff,
        facts.entry_day = 0
        and least(coalesce(facts.exit_day, facts.as_of_day), facts.as_of_day) > {{ definition('initial_window_days') }}
        and coalesce(form_days.first_day > {{ definition('initial_window_days') }}, true) as no_assessment_by_day_60,
        facts.exit_day is null
        and facts.as_of_day - {{ next_assessment_day('form_days.last_day') }} > {{ definition('initial_window_days') }}
            as overdue_assessment,
        coalesce(facts.exit_day is null and facts.as_of_day > long_stay.longest, false) as open_stay_beyond_98th_percentile,
        coalesce(stays.intake_date < max(coalesce(stays.left_on, 'infinity'::date)) over (
            partition by stays.survivor_key order by stays.intake_date, stays.episode_key rows between unbounded preceding and 1 preceding
        ), false) as overlapping
    from {{ ref('fct_episode') }} as facts
    inner join {{ ref('int_episode') }} as stays on facts.episode_key = stays.episode_key
    left join last_judged on facts.episode_key = last_judged.episode_key
    left join form_days on facts.episode_key = form_days.episode_key
    cross join long_stay
),

services as (
    select
        timeline.service_key,
        timeline.episode_key,
        timeline.source_table,
        timeline.day > episodes.exit_day as after_exit,
        timeline.day - episodes.exit_day > 36 * {{ definition('month_days') }} as over_36_months_after_exit,
        timeline.is_delivered and timeline.day is null as delivered_without_date,
        timeline.day < timeline.planned_day as delivered_before_planned
    from {{ ref('timeline') }} as timeline
    inner join {{ ref('fct_episode') }} as episodes on timeline.episode_key = episodes.episode_key
),

found as (
    {%- for name in ['restored_unseen', 'closed_restored_without_end', 'closed_restored_below_cutoff', 'no_assessment_by_day_60',
                     'overdue_assessment', 'open_stay_beyond_98th_percentile', 'overlapping'] %}
    select
        '{{ name if name == 'restored_unseen' else 'aftercare_episodes.' ~ name }}' as check_id,
        'aftercare_episodes' as source_table,
        episode_key as record_key,
        episode_key
    from episodes
    where {{ name }}
    union all
    {%- endfor %}
    {%- for name in ['after_exit', 'over_36_months_after_exit', 'delivered_without_date', 'delivered_before_planned'] %}
    select 'services.{{ name }}' as check_id, source_table, service_key as record_key, episode_key
    from services
    where {{ name }}
    union all
    {%- endfor %}
    select
        'aso_assessments.all_same_score' as check_id,
        'aso_assessments' as source_table,
        forms.assessment_key as record_key,
        forms.episode_key
    from forms
    inner join same_scores on forms.assessment_key = same_scores.assessment_key
    union all
    select
        'aso_assessments.two_on_a_day' as check_id,
        'aso_assessments' as source_table,
        assessment_key as record_key,
        episode_key
    from forms
    where not is_of_the_day
    union all
    select
        'aso_assessments.stage_disagrees' as check_id,
        'aso_assessments' as source_table,
        assessment_key as record_key,
        episode_key
    from forms
    where {{ stage_disagrees() }}
    {%- for table, key in children.items() %}
    union all
    select '{{ table }}.' || rule as check_id, '{{ table }}' as source_table, {{ key }} as record_key, episode_key
    from {{ ref(source_rows()[table][0]) }}
    where bucket = 'quarantined' and rule != 'parent_quarantined'
    {%- endfor %}
    union all
    select 'aftercare_episodes.' || rule as check_id, 'aftercare_episodes' as source_table, episode_key as record_key, episode_key
    from {{ ref('int_episode_row') }}
    where bucket = 'quarantined' and rule != 'parent_quarantined'
    union all
    select
        'aso_scores.' || scores.rule as check_id,
        'aso_scores' as source_table,
        scores.assessment_key as record_key,
        form_of.episode_key
    from {{ ref('int_score_row') }} as scores
    left join form_of on scores.assessment_key = form_of.assessment_key
    where scores.bucket = 'quarantined' and scores.rule != 'parent_quarantined'
)

select found.check_id, office_of.office_id, found.source_table, found.record_key, found.episode_key
from found
left join office_of on found.episode_key = office_of.episode_key
union all
select
    'legal_proceedings.' || legal.rule as check_id,
    case_office.office_id,
    'legal_proceedings' as source_table,
    legal.proceeding_key as record_key,
    null::varchar as episode_key
from {{ ref('int_legal_row') }} as legal
left join case_office on legal.case_key = case_office.case_key
where legal.bucket = 'quarantined' and legal.rule != 'parent_quarantined'
