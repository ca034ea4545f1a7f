-- int_restoration where the cut-off lies one step lower or higher: the same rule, other judgements.
with

seen as (
    select
        assessments.variant,
        assessments.episode_key,
        assessments.day,
        assessments.is_restored,
        episodes.exit_day
    from {{ ref('int_assessment_variant') }} as assessments
    inner join {{ ref('int_episode') }} as episodes on assessments.episode_key = episodes.episode_key
    where assessments.is_of_the_day
),

{{ restoration_bounds('variant') }}

select
    coalesce(lefts.variant, rights.variant) as variant,
    coalesce(lefts.episode_key, rights.episode_key) as episode_key,
    lefts.left_day as restored_left_day,
    rights.right_day as restored_right_day
from lefts
full outer join rights on lefts.episode_key = rights.episode_key and lefts.variant = rights.variant
