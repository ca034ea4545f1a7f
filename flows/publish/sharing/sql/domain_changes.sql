-- One row per domain and group: those with a first and a later assessment of the domain, parted in four.
with

changes as (
    select
        c.domain_code,
        c.initial,
        c.latest,
        coalesce(c.is_substantial, false) as is_substantial,
        coalesce(c.is_measurable, false) as is_measurable,
        coalesce(c.is_worse, false) as is_worse,
        e.casework_type::varchar as casework_type,
        e.age_band::varchar as age_band,
        e.office_id::varchar as office_id
    from marts.aso.change as c
    inner join marts.core.fct_episode as e on c.episode_key = e.episode_key
    where c.initial is not null and c.latest is not null
)

select
    domain_code,
    case
        when grouping(casework_type) = 0 then 'casework_type'
        when grouping(age_band) = 0 then 'age_band'
        when grouping(office_id) = 0 then 'office_id'
        else 'overall'
    end as stratum,
    coalesce(casework_type, age_band, office_id, 'all') as stratum_value,
    count(*) as n,
    count(*) filter (where is_substantial) as substantial,
    count(*) filter (where is_measurable and not is_substantial) as measurable_only,
    count(*) filter (where is_worse) as worse,
    count(*) filter (where not is_measurable and not is_substantial and not is_worse) as same,
    avg(initial) as mean_initial,
    avg(latest) as mean_latest
from changes
group by grouping sets (
    (domain_code), (domain_code, casework_type), (domain_code, age_band), (domain_code, office_id)
)
order by domain_code, stratum, stratum_value
