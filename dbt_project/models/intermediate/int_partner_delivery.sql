-- One row per partner and category: of the services planned with it that came to an end, how many were delivered, and how many the
-- other partners delivered of as many for people alike. Community and legal events have no status, so they are not here.
with

services as (
    select episode_key, 'health' as category, partner_id, status
    from {{ ref('int_health_row') }}
    where bucket = 'out' and status in ('delivered', 'missed', 'cancelled')
    union all
    select episode_key, coalesce(service_category, 'other') as category, partner_id, status
    from {{ ref('int_support_row') }}
    where bucket = 'out' and status in ('delivered', 'missed', 'cancelled')
),

by_episode as (
    select
        services.partner_id,
        services.category,
        episodes.episode_key,
        episodes.survivor_key,
        coalesce(episodes.operation_key, episodes.household_key, episodes.survivor_key) as cluster_key,
        episodes.casework_type,
        episodes.age_band,
        count(*) as n_planned,
        count(*) filter (where services.status = 'delivered') as n_delivered
    from services
    inner join {{ ref('fct_episode') }} as episodes on services.episode_key = episodes.episode_key
    where services.partner_id is not null
    group by all
),

-- People alike: the same casework type and age band. The partner's own work is left out of what is expected of it; a few of the
-- category's average are put in, so that a group with hardly anybody in it says little.
by_group as (
    select
        category,
        casework_type,
        age_band,
        partner_id,
        sum(n_planned) as own_planned,
        sum(n_delivered) as own_delivered,
        sum(sum(n_planned)) over (partition by category, casework_type, age_band) as all_planned,
        sum(sum(n_delivered)) over (partition by category, casework_type, age_band) as all_delivered,
        sum(sum(n_planned)) over (partition by category) - sum(sum(n_planned)) over (partition by category, partner_id) as other_planned,
        sum(sum(n_delivered)) over (partition by category) - sum(sum(n_delivered)) over (partition by category, partner_id)
            as other_delivered
    from by_episode
    group by category, casework_type, age_band, partner_id
),

expected as (
    select
        category,
        casework_type,
        age_band,
        partner_id,
        (all_delivered - own_delivered + 20 * other_delivered / nullif(other_planned, 0))
        / (all_planned - own_planned + 20) as share
    from by_group
),

by_cluster as (
    select
        by_episode.partner_id,
        by_episode.category,
        by_episode.cluster_key,
        sum(by_episode.n_planned) as n_planned,
        sum(by_episode.n_delivered) as n_delivered,
        sum((by_episode.n_planned * expected.share)::decimal(18, 9)) as n_expected
    from by_episode
    inner join expected
        on
            by_episode.partner_id = expected.partner_id
            and by_episode.category = expected.category
            and by_episode.age_band is not distinct from expected.age_band
            and by_episode.casework_type is not distinct from expected.casework_type
    group by by_episode.partner_id, by_episode.category, by_episode.cluster_key
),

by_partner as (
    select
        partner_id,
        category,
        count(*) as n_clusters,
        sum(n_planned) as n_planned,
        sum(n_delivered) as n_delivered,
        sum(n_expected) as n_expected
    from by_cluster
    group by partner_id, category
),

-- How far clusters lie from the partner's own level: what the standard error is made of.
spread as (
    select
        by_cluster.partner_id,
        by_cluster.category,
        sum(
            power(
                by_cluster.n_delivered - by_cluster.n_expected * by_partner.n_delivered / nullif(by_partner.n_expected, 0), 2
            )::decimal(18, 6)
        ) as squared
    from by_cluster
    inner join by_partner on by_cluster.partner_id = by_partner.partner_id and by_cluster.category = by_partner.category
    group by by_cluster.partner_id, by_cluster.category
),

people as (
    select partner_id, category, count(distinct survivor_key) as n_people
    from by_episode
    group by partner_id, category
)

select
    by_partner.partner_id,
    by_partner.category,
    people.n_people::integer as n_people,
    by_partner.n_clusters::integer as n_clusters,
    by_partner.n_planned::integer as n_planned,
    by_partner.n_delivered::integer as n_delivered,
    by_partner.n_expected::double as n_expected,
    spread.squared::double as squared
from by_partner
inner join people on by_partner.partner_id = people.partner_id and by_partner.category = people.category
inner join spread on by_partner.partner_id = spread.partner_id and by_partner.category = spread.category
