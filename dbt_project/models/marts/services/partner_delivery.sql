-- Counted once a night, so that nobody has to count people over the whole timeline.
select
    partner_id,
    category,
    count(*)::integer as n_delivered,
    count(distinct episode_key)::integer as n_episodes
from {{ ref('timeline') }}
where is_delivered and partner_id is not null
group by partner_id, category
order by partner_id, category
