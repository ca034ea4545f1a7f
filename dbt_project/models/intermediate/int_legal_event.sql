-- Legal events put into episodes: her own where the event names her, one for each survivor of the case where it does not;
-- the episode open then, else the latest before, else the first.
with

events as (
    select * from {{ ref('int_legal_row') }} where bucket = 'out'
),

episodes as (
    select * from {{ ref('int_episode') }}
),

pairs as (
    select
        events.proceeding_key,
        events.survivor_key is null as is_of_whole_case,
        events.event_type,
        events.occurred_on,
        episodes.survivor_key,
        episodes.episode_key,
        episodes.intake_date,
        episodes.left_on,
        coalesce(events.case_key = episodes.case_key, false) as is_same_case
    from events
    inner join episodes on events.survivor_key = episodes.survivor_key

    union all

    select
        events.proceeding_key,
        true as is_of_whole_case,
        events.event_type,
        events.occurred_on,
        episodes.survivor_key,
        episodes.episode_key,
        episodes.intake_date,
        episodes.left_on,
        true as is_same_case
    from events
    inner join episodes on events.case_key = episodes.case_key
    where events.survivor_key is null
),

ranked as (
    select
        *,
        row_number() over (
            partition by proceeding_key, survivor_key
            order by
                is_same_case desc,
                coalesce(occurred_on >= intake_date and (left_on is null or occurred_on < left_on), false) desc,
                coalesce(occurred_on >= intake_date, false) desc,
                case when occurred_on >= intake_date then -epoch(intake_date) else epoch(intake_date) end,
                episode_key
        ) as choice
    from pairs
)

select
    case
        when is_of_whole_case then left(sha256(proceeding_key || ':' || survivor_key), 32)
        else proceeding_key
    end as service_key,
    episode_key,
    event_type,
    occurred_on,
    intake_date
from ranked
where choice = 1
