with

episodes as (
    select * from {{ ref('int_episode') }}
),

restoration as (
    select * from {{ ref('int_restoration') }}
),

assessments as (
    select
        assessment.episode_key,
        count(*) as n_assessments,
        max(assessment.day) as last_day,
        bool_or(stage.stage = 'initial') as has_initial,
        bool_or(stage.stage = 'mid') as has_mid,
        bool_or(stage.stage = 'end') as has_end
    from {{ ref('int_assessment') }} as assessment
    inner join {{ ref('int_stage') }} as stage on assessment.assessment_key = stage.assessment_key
    group by assessment.episode_key
),

-- Being seen: a delivered service or an attendance. A hearing is not a meeting with her.
services as (
    select episode_key, max(day) as last_day
    from {{ ref('int_timeline') }}
    where is_delivered and source_table != 'legal_proceedings'
    group by episode_key
)

select
    episodes.episode_key,
    episodes.survivor_key,
    episodes.case_key,
    episodes.household_key,
    episodes.operation_key,
    episodes.office_id,
    episodes.partner_id,
    episodes.casework_type,
    episodes.gender,
    {{ age_band('episodes.age') }} as age_band,
    {{ quarter('episodes.intake_date') }} as intake_quarter,
    episodes.episode_number::integer as episode_number,
    datediff('day', episodes.rescue_date, episodes.intake_date)::integer as rescue_to_intake_days,
    greatest(0, coalesce(datediff('day', episodes.intake_date, episodes.recording_started_on), 0))::integer as entry_day,
    episodes.exit_day::integer as exit_day,
    greatest(assessments.last_day, services.last_day)::integer as last_seen_day,
    episodes.as_of_day::integer as as_of_day,
    episodes.status,
    case when episodes.exit_day is null then 'open' else coalesce(episodes.closure_code, 'other') end as outcome,
    restoration.restored_left_day::integer as restored_left_day,
    restoration.restored_right_day::integer as restored_right_day,
    (case
        when restoration.restored_right_day is not null then 1
        when episodes.exit_day is null then 0
        when episodes.closure_code in ('lost_contact', 'withdrew') then 2
        else 3
    end)::tinyint as event,
    coalesce(assessments.n_assessments, 0)::integer as n_assessments,
    coalesce(assessments.has_initial, false) as has_initial,
    coalesce(assessments.has_mid, false) as has_mid,
    coalesce(assessments.has_end, false) as has_end
from episodes
inner join restoration on episodes.episode_key = restoration.episode_key
left join assessments on episodes.episode_key = assessments.episode_key
left join services on episodes.episode_key = services.episode_key
order by episodes.office_id, episodes.episode_key
