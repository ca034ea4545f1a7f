-- The stage of each assessment, by precedence initial > end > sustained > mid > interim; ties go to the earlier day
-- (one form a day counts), then more items scored, then the key.
with

first_restored as (
    select episode_key, min(day) as day
    from {{ ref('int_assessment') }}
    where is_of_the_day and is_restored
    group by episode_key
),

candidates as (
    select
        assessments.assessment_key,
        assessments.episode_key,
        assessments.day,
        assessments.n_scored,
        episodes.exit_day,
        episodes.as_of_day,
        coalesce(datediff('day', episodes.intake_date, episodes.rescue_date), -{{ definition('earliest_assessment_days') }}) as rescue_day,
        first_restored.day as first_restored_day
    from {{ ref('int_assessment') }} as assessments
    inner join {{ ref('int_episode') }} as episodes on assessments.episode_key = episodes.episode_key
    left join first_restored on assessments.episode_key = first_restored.episode_key
    where assessments.is_of_the_day
),

initial as (
    select episode_key, assessment_key, day
    from candidates
    where day between rescue_day and {{ definition('initial_window_days') }}
    qualify row_number() over (partition by episode_key order by day asc, n_scored desc, assessment_key asc) = 1
),

after_initial as (
    select candidates.*, initial.day as initial_day
    from candidates
    left join initial on candidates.episode_key = initial.episode_key
    where initial.assessment_key is null or candidates.assessment_key != initial.assessment_key
),

ending as (
    select episode_key, assessment_key, day
    from after_initial
    where
        abs(day - exit_day) <= {{ definition('end_window_days') }}
        and (initial_day is null or day > initial_day)
    qualify row_number() over (partition by episode_key order by day desc, n_scored desc, assessment_key asc) = 1
),

after_ending as (
    select after_initial.*, ending.day as end_day
    from after_initial
    left join ending on after_initial.episode_key = ending.episode_key
    where ending.assessment_key is null or after_initial.assessment_key != ending.assessment_key
),

sustained as (
    select episode_key, assessment_key, day
    from after_ending
    where
        day > exit_day
        and day - first_restored_day between {{ definition('sustained_from_days') }} and {{ definition('sustained_to_days') }}
    qualify row_number() over (
        partition by episode_key
        order by abs(day - first_restored_day - {{ definition('sustained_target_days') }}), day, n_scored desc, assessment_key
    ) = 1
),

mid as (
    select after_ending.episode_key, after_ending.assessment_key, after_ending.day
    from after_ending
    left join sustained on after_ending.assessment_key = sustained.assessment_key
    where
        sustained.assessment_key is null
        and after_ending.day > coalesce(after_ending.initial_day, {{ definition('initial_window_days') }})
        and after_ending.day < coalesce(after_ending.end_day, after_ending.exit_day, after_ending.as_of_day)
    qualify row_number() over (
        partition by after_ending.episode_key
        order by
            abs(after_ending.day - coalesce(after_ending.exit_day / 2.0, {{ definition('mid_target_days') }})),
            after_ending.day,
            after_ending.n_scored desc,
            after_ending.assessment_key
    ) = 1
),

staged as (
    select assessment_key, 'initial' as stage from initial
    union all
    select assessment_key, 'end' as stage from ending
    union all
    select assessment_key, 'sustained' as stage from sustained
    union all
    select assessment_key, 'mid' as stage from mid
)

select
    assessments.assessment_key,
    coalesce(staged.stage, 'interim') as stage
from {{ ref('int_assessment') }} as assessments
left join staged on assessments.assessment_key = staged.assessment_key
