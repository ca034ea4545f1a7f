-- One row per office and partner that cares for its episodes: how many; never shown, other tables are held against it.
select
    office_id::varchar as office_id,
    partner_id::varchar as partner_id,
    count(*) as n,
    count(distinct survivor_key) as people
from marts.core.fct_episode
group by all
order by all
