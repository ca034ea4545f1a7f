-- Of what was planned, the share that was delivered: health services planned up to as_of, support services that are no longer
-- planned. Community events and legal proceedings record no plans.
with

planned as (
    select health.episode_key, 'health' as category, coalesce(health.status = 'delivered', false) as is_delivered
    from {{ ref('int_health_row') }} as health
    inner join {{ ref('int_episode') }} as episodes on health.episode_key = episodes.episode_key
    where health.bucket = 'out' and datediff('day', episodes.intake_date, health.planned_on) <= episodes.as_of_day
    union all
    select episode_key, coalesce(service_category, 'other') as category, status = 'delivered' as is_delivered
    from {{ ref('int_support_row') }}
    where bucket = 'out' and status in ('delivered', 'missed', 'cancelled')
)

select
    stays.stratum,
    stays.stratum_value,
    planned.category,
    avg(planned.is_delivered::integer) as share,
    count(distinct planned.episode_key)::integer as n
from planned
inner join {{ ref('int_service_stay') }} as stays on planned.episode_key = stays.episode_key
group by stays.stratum, stays.stratum_value, planned.category
