-- Delivered records in each whole month in care, by category: mean and quartiles over stays, those without any included.
with

stays as (
    select * from {{ ref('int_service_stay') }} where last_month >= first_month
),

in_care as (
    select stays.stratum, stays.stratum_value, months.month, count(*) as n
    from stays
    cross join lateral (select unnest(range(stays.first_month, least(stays.last_month, 35) + 1))::integer as month) as months
    group by stays.stratum, stays.stratum_value, months.month
),

counts as (
    select episode_key, category, floor(day / {{ definition('month_days') }})::integer as month, count(*) as n_records
    from {{ ref('timeline') }}
    where is_delivered and day >= 0
    group by all
),

spread as (
    select
        stays.stratum, stays.stratum_value, counts.category, counts.month, counts.n_records,
        count(*) as n_stays
    from counts
    inner join stays
        on counts.episode_key = stays.episode_key and counts.month between stays.first_month and least(stays.last_month, 35)
    group by all
),

reached as (
    select
        spread.*,
        in_care.n,
        in_care.n - sum(spread.n_stays) over (
            partition by spread.stratum, spread.stratum_value, spread.category, spread.month
        ) + sum(spread.n_stays) over (
            partition by spread.stratum, spread.stratum_value, spread.category, spread.month order by spread.n_records
        ) as n_up_to,
        in_care.n - sum(spread.n_stays) over (
            partition by spread.stratum, spread.stratum_value, spread.category, spread.month
        ) as n_none
    from spread
    inner join in_care
        on spread.stratum = in_care.stratum and spread.stratum_value = in_care.stratum_value and spread.month = in_care.month
),

told as (
    select
        stratum, stratum_value, category, month,
        sum(n_records * n_stays) as total,
        coalesce(max(0) filter (where n_none >= 0.25 * n), min(n_records) filter (where n_up_to >= 0.25 * n)) as lower_quartile,
        coalesce(max(0) filter (where n_none >= 0.75 * n), min(n_records) filter (where n_up_to >= 0.75 * n)) as upper_quartile
    from reached
    group by stratum, stratum_value, category, month
)

select
    in_care.stratum,
    in_care.stratum_value,
    categories.category,
    in_care.month,
    coalesce(told.total / in_care.n, 0) as mean,
    coalesce(told.lower_quartile, 0) as lower_quartile,
    coalesce(told.upper_quartile, 0) as upper_quartile,
    in_care.n::integer as n
from in_care
cross join (select unnest({{ service_categories() }}) as category) as categories
left join told
    on
        in_care.stratum = told.stratum and in_care.stratum_value = told.stratum_value
        and in_care.month = told.month and categories.category = told.category
