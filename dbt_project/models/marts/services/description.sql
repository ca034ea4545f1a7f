with

firsts as (
    select * from {{ ref('int_service_first') }}
),

described as (
    select
        'days_to_first' as measure, category, stratum, stratum_value, null as month,
        median as estimate, lower_quartile, upper_quartile, n
    from firsts
    union all
    select
        'had_within_year' as measure, category, stratum, stratum_value, null as month,
        within_a_year as estimate, null as lower_quartile, null as upper_quartile, n
    from firsts
    union all
    select
        'gap_days' as measure, category, stratum, stratum_value, null as month,
        median as estimate, lower_quartile, upper_quartile, n
    from {{ ref('int_service_gap') }}
    union all
    select
        'sessions_per_month' as measure, category, stratum, stratum_value, month,
        mean as estimate, lower_quartile, upper_quartile, n
    from {{ ref('int_service_month') }}
    union all
    select
        'planned_delivered' as measure, category, stratum, stratum_value, null as month,
        share as estimate, null as lower_quartile, null as upper_quartile, n
    from {{ ref('int_service_planned') }}
    union all
    select
        'first_sequence' as measure, sequence as category, stratum, stratum_value, null as month,
        share as estimate, null as lower_quartile, null as upper_quartile, n
    from {{ ref('int_service_sequence') }}
    union all
    select
        'unmet_need' as measure, domain_code as category, stratum, stratum_value, null as month,
        share as estimate, null as lower_quartile, null as upper_quartile, n
    from {{ ref('int_service_unmet') }}
)

select
    measure,
    category,
    stratum,
    stratum_value,
    month::integer as month,
    round(estimate::double, 9) as estimate,
    lower_quartile::double as lower_quartile,
    upper_quartile::double as upper_quartile,
    n::integer as n
from described
order by measure, stratum, stratum_value, category, month
