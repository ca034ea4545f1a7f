-- Days between two services of a category: the median of each stay with two or more, and its quartiles over stays. A wait that has
-- not ended is no gap yet, so that long gaps are missing where stays are short.
with

gaps as (
    select timeline.episode_key, timeline.category, median(timeline.days_since_same_category) as gap_days
    from {{ ref('timeline') }} as timeline
    where timeline.is_delivered and timeline.day >= 0 and timeline.days_since_same_category is not null
    group by timeline.episode_key, timeline.category
)

select
    stays.stratum,
    stays.stratum_value,
    gaps.category,
    quantile_cont(gaps.gap_days, 0.25) as lower_quartile,
    quantile_cont(gaps.gap_days, 0.5) as median,
    quantile_cont(gaps.gap_days, 0.75) as upper_quartile,
    count(*)::integer as n
from gaps
inner join {{ ref('int_service_stay') }} as stays on gaps.episode_key = stays.episode_key
group by stays.stratum, stays.stratum_value, gaps.category
