-- One row per stay and group it is told of in services.description. observed_until is the first day not observed: the exit, or the
-- day after as_of. Months are those that lie wholly within what is recorded.
with

initials as (
    select episode_key, total from {{ ref('snapshot') }} where stage = 'initial'
),

thirds as (
    select
        round(quantile_cont(total, 1 / 3), 2) as low,
        round(quantile_cont(total, 2 / 3), 2) as high
    from initials
),

stays as (
    select
        episodes.*,
        coalesce(episodes.exit_day, episodes.as_of_day + 1) as observed_until,
        episodes.exit_day is not null as has_left,
        case
            when initials.total < thirds.low then format('total < {:.2f}', thirds.low)
            when initials.total < thirds.high then format('{:.2f} <= total < {:.2f}', thirds.low, thirds.high)
            when initials.total is not null then format('total >= {:.2f}', thirds.high)
        end as severity
    from {{ ref('fct_episode') }} as episodes
    left join initials on episodes.episode_key = initials.episode_key
    cross join thirds
),

grouped as (
    select *, 'overall' as stratum, 'all' as stratum_value from stays
    union all
    select *, 'casework_type' as stratum, casework_type as stratum_value from stays
    union all
    select *, 'office_id' as stratum, office_id as stratum_value from stays
    union all
    select *, 'severity' as stratum, severity as stratum_value from stays
)

select
    stratum,
    stratum_value,
    episode_key,
    entry_day,
    observed_until,
    has_left,
    ceil(entry_day / {{ definition('month_days') }})::integer as first_month,
    floor(observed_until / {{ definition('month_days') }})::integer - 1 as last_month
from grouped
where stratum_value is not null and observed_until > entry_day and observed_until > 0
