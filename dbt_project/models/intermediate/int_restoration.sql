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

{{ restoration_bounds() }}

select
    episodes.episode_key,
    lefts.left_day as restored_left_day,
    rights.right_day as restored_right_day
from {{ ref('int_episode') }} as episodes
left join lefts on episodes.episode_key = lefts.episode_key
left join rights on episodes.episode_key = rights.episode_key
