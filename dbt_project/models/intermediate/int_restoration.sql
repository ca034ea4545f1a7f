-- When each episode's restoration happened: in (left, right] days, right null where it was never seen.
with

seen as (
    select
        assessments.episode_key,
        assessments.day,
        assessments.is_restored,
        episodes.exit_day
    from {{ ref('int_assessment') }} as assessments
    inner join {{ ref('int_episode') }} as episodes on assessments.episode_key = episodes.episode_key
    where assessments.is_of_the_day and assessments.is_judgeable
),

rights as (
    select episode_key, min(day) as right_day
    from seen
    where is_restored and (exit_day is null or day <= exit_day + {{ definition('end_window_days') }})
    group by episode_key
),

lefts as (
    select seen.episode_key, max(seen.day) as left_day
    from seen
    left join rights on seen.episode_key = rights.episode_key
    where
        not seen.is_restored
        and case
            when rights.right_day is not null then seen.day < rights.right_day
            else seen.exit_day is null or seen.day < seen.exit_day
        end
    group by seen.episode_key
)

select
    episodes.episode_key,
    lefts.left_day as restored_left_day,
    rights.right_day as restored_right_day
from {{ ref('int_episode') }} as episodes
left join lefts on episodes.episode_key = lefts.episode_key
left join rights on episodes.episode_key = rights.episode_key
