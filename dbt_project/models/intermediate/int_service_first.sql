-- Days to the first service of each category, as the cumulative incidence of it before any exit (Aalen and Johansen 1978): a stay
-- without it counts as waiting until it ends or as_of. Only stays recorded from intake on; what came before intake counts as day 0.
with

stays as (
    select * from {{ ref('int_service_stay') }} where entry_day = 0
),

firsts as (
    select timeline.episode_key, timeline.category, greatest(min(timeline.day), 0) as day
    from {{ ref('timeline') }} as timeline
    where timeline.is_delivered and timeline.day is not null
    group by timeline.episode_key, timeline.category
),

waits as (
    select
        stays.stratum,
        stays.stratum_value,
        categories.category,
        firsts.day is not null as has_first,
        firsts.day is null and stays.has_left as has_left,
        coalesce(firsts.day, stays.observed_until) as day
    from stays
    cross join (select unnest({{ service_categories() }}) as category) as categories
    left join firsts
        on
            stays.episode_key = firsts.episode_key and stays.observed_until > firsts.day
            and categories.category = firsts.category
),

days as (
    select
        stratum, stratum_value, category, day,
        count(*) filter (where has_first) as n_first,
        count(*) filter (where has_first or has_left) as n_ended,
        sum(count(*)) over (partition by stratum, stratum_value, category order by day desc) as n_waiting
    from waits
    group by stratum, stratum_value, category, day
),

still as (
    select
        *,
        coalesce(exp(sum(case when n_ended < n_waiting then ln(1 - n_ended / n_waiting) end) over (
            partition by stratum, stratum_value, category order by day
            rows between unbounded preceding and 1 preceding
        )), 1) as waiting_before
    from days
),

curve as (
    select
        *,
        sum(waiting_before * n_first / n_waiting) over (
            partition by stratum, stratum_value, category order by day
        ) as incidence
    from still
)

select
    stratum,
    stratum_value,
    category,
    min(day) filter (where incidence >= 0.25 - 1e-9) as lower_quartile,
    min(day) filter (where incidence >= 0.5 - 1e-9) as median,
    min(day) filter (where incidence >= 0.75 - 1e-9) as upper_quartile,
    coalesce(max(incidence) filter (where day <= {{ definition('sustained_target_days') }}), 0) as within_a_year,
    max(n_waiting)::integer as n
from curve
group by stratum, stratum_value, category
