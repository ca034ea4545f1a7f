with

episodes as (
    select
        episodes.*,
        episodes.intake_date + restoration.restored_right_day::integer as restored_seen_on
    from {{ ref('int_episode') }} as episodes
    inner join {{ ref('int_restoration') }} as restoration on episodes.episode_key = restoration.episode_key
),

bounds as (
    select min(intake_date) as first_day, any_value(as_of) as as_of
    from episodes
),

quarters as (
    select
        generated.started_on::date as started_on,
        least(generated.started_on::date + interval 3 months - interval 1 day, bounds.as_of)::date as ended_on
    from bounds
    cross join
        lateral (
            select unnest(generate_series(
                date_trunc('quarter', bounds.first_day)::timestamp, bounds.as_of::timestamp, interval 3 months
            )) as started_on
        ) as generated
),

offices as (
    select distinct office_id from episodes
),

flows_of_quarter as (
    select
        offices.office_id,
        quarters.started_on,
        quarters.ended_on,
        count(*) filter (
            where episodes.intake_date <= quarters.ended_on and (episodes.left_on is null or episodes.left_on > quarters.ended_on)
        ) as n_open,
        count(*) filter (where episodes.intake_date between quarters.started_on and quarters.ended_on) as n_intakes,
        count(*) filter (where episodes.left_on between quarters.started_on and quarters.ended_on) as n_exits,
        count(*) filter (where episodes.restored_seen_on between quarters.started_on and quarters.ended_on) as n_restored_seen
    from offices
    cross join quarters
    left join episodes on offices.office_id = episodes.office_id
    group by offices.office_id, quarters.started_on, quarters.ended_on
),

-- The last assessment of each episode that was open at the end of a quarter, up to then.
last_assessed as (
    select
        episodes.episode_key,
        episodes.office_id,
        quarters.ended_on,
        datediff('day', episodes.intake_date, quarters.ended_on) as today,
        max(assessments.day) as last_day
    from quarters
    inner join episodes
        on episodes.intake_date <= quarters.ended_on and (episodes.left_on is null or episodes.left_on > quarters.ended_on)
    left join {{ ref('int_assessment') }} as assessments
        on
            episodes.episode_key = assessments.episode_key
            and episodes.intake_date + assessments.day::integer <= quarters.ended_on
    group by episodes.episode_key, episodes.office_id, quarters.ended_on, episodes.intake_date
),

-- Scheduled at intake, six months later, then yearly; overdue when the next one is more than 60 days late.
overdue as (
    select office_id, ended_on, count(*) as n_overdue
    from last_assessed
    where
        today - case
            when last_day is null then 0
            when last_day < {{ definition('mid_target_days') }} / 2 then last_day + {{ definition('mid_target_days') }}
            else last_day + {{ definition('sustained_target_days') }}
        end > {{ definition('initial_window_days') }}
    group by office_id, ended_on
)

select
    flows_of_quarter.office_id,
    {{ quarter('flows_of_quarter.started_on') }} as quarter,
    flows_of_quarter.n_open::integer as n_open,
    flows_of_quarter.n_intakes::integer as n_intakes,
    flows_of_quarter.n_exits::integer as n_exits,
    flows_of_quarter.n_restored_seen::integer as n_restored_seen,
    coalesce(overdue.n_overdue, 0)::integer as n_overdue_assessments
from flows_of_quarter
left join overdue
    on flows_of_quarter.office_id is not distinct from overdue.office_id and flows_of_quarter.ended_on = overdue.ended_on
order by flows_of_quarter.office_id, quarter
