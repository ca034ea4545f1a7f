-- One row per office (and all) and measure of how complete records are: how many it is asked of, how many have it.
with

asked as (
    select coalesce(office_id::varchar, '') as office_id, 'initial_assessment' as measure, has_initial as has_it
    from marts.core.fct_episode
    union all
    select coalesce(office_id::varchar, ''), 'end_assessment', has_end
    from marts.core.fct_episode
    where exit_day is not null
    union all
    select coalesce(office_id::varchar, ''), 'assessed_twice', n_assessments >= 2
    from marts.core.fct_episode
    union all
    select coalesce(e.office_id::varchar, ''), 'service_in_first_90_days', bool_or(coalesce(t.is_delivered and t.day between 0 and 90, false))
    from marts.core.fct_episode as e
    left join marts.services.timeline as t on e.episode_key = t.episode_key
    where coalesce(e.exit_day, e.as_of_day) >= 90
    group by e.episode_key, e.office_id
)

select
    coalesce(office_id, 'all') as office_id,
    measure,
    count(*) as n,
    count(*) filter (where has_it) as yes
from asked
group by grouping sets ((measure), (measure, office_id))
order by all
