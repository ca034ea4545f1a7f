-- Counts for the checks of single records that int_finding lists: of how many, and how many.
with

episodes as (
    select
        count(*) as n_rows,
        count(*) filter (where outcome = 'restored') as n_closed_restored,
        count(*) filter (where exit_day is null) as n_open,
        count(exit_day) as n_ended,
        count(*) filter (
            where entry_day = 0 and least(coalesce(exit_day, as_of_day), as_of_day) > {{ definition('initial_window_days') }}
        ) as n_past_day_60
    from {{ ref('fct_episode') }}
),

forms as (
    select count(*) filter (where n_scored >= 10) as n_long from {{ ref('fct_assessment') }}
),

plans as (
    select count(*) filter (where day is not null and planned_day is not null) as n_planned from {{ ref('timeline') }}
),

checked as (
    select 'aftercare_episodes.closed_restored_without_end' as check_id, n_closed_restored as n_checked from episodes
    union all
    select 'aftercare_episodes.closed_restored_below_cutoff' as check_id, n_closed_restored as n_checked from episodes
    union all
    select 'aftercare_episodes.no_assessment_by_day_60' as check_id, n_past_day_60 as n_checked from episodes
    union all
    select 'aftercare_episodes.overdue_assessment' as check_id, n_open as n_checked from episodes
    union all
    select
        'aftercare_episodes.open_stay_beyond_98th_percentile' as check_id,
        case when n_ended >= 50 then n_open else 0 end as n_checked
    from episodes
    union all
    select 'aso_assessments.all_same_score' as check_id, n_long as n_checked from forms
    union all
    select 'services.delivered_before_planned' as check_id, n_planned as n_checked from plans
),

failed as (
    select check_id, count(*) as n_failed
    from {{ ref('int_finding') }}
    group by check_id
)

select
    checked.check_id,
    checked.n_checked::bigint as n_checked,
    coalesce(failed.n_failed, 0)::bigint as n_failed
from checked
left join failed on checked.check_id = failed.check_id
