-- Every service and event of every episode, on its day. Planned, missed and cancelled ones have no day. A view: its readers take
-- few of its columns, and services.timeline holds them all.
{{ config(materialized='view') }}
with

episodes as (
    select episode_key, intake_date from {{ ref('int_episode') }}
),

community as (
    select
        attendance_key as service_key,
        episode_key,
        'community_events' as source_table,
        'community' as category,
        event_type as service_type,
        attended_on as happened_on,
        null::date as planned_on,
        true as is_delivered,
        partner_id,
        hours as quantity,
        'hour' as unit
    from {{ ref('int_community_row') }}
    where bucket = 'out'
),

health as (
    select
        health_service_key as service_key,
        episode_key,
        'health_services' as source_table,
        'health' as category,
        service_type,
        case when status = 'delivered' then delivered_on end as happened_on,
        planned_on,
        coalesce(status = 'delivered', false) as is_delivered,
        partner_id,
        sessions::double as quantity,
        'session' as unit
    from {{ ref('int_health_row') }}
    where bucket = 'out'
),

legal as (
    select
        service_key,
        episode_key,
        'legal_proceedings' as source_table,
        'legal' as category,
        event_type as service_type,
        occurred_on as happened_on,
        null::date as planned_on,
        true as is_delivered,
        null::varchar as partner_id,
        null::double as quantity,
        null::varchar as unit
    from {{ ref('int_legal_event') }}
),

support as (
    select
        support_service_key as service_key,
        episode_key,
        'support_services' as source_table,
        coalesce(service_category, 'other') as category,
        coalesce(service_category, 'other') as service_type,
        case when status = 'delivered' then started_on end as happened_on,
        null::date as planned_on,
        coalesce(status = 'delivered', false) as is_delivered,
        partner_id,
        quantity,
        unit
    from {{ ref('int_support_row') }}
    where bucket = 'out'
),

together as (
    select * from community
    union all by name
    select * from health
    union all by name
    select * from legal
    union all by name
    select * from support
)

select
    together.service_key,
    together.episode_key,
    together.source_table,
    together.category,
    together.service_type,
    together.source_table || '.' || together.service_type as service_code,
    datediff('day', episodes.intake_date, together.happened_on) as day,
    datediff('day', episodes.intake_date, together.planned_on) as planned_day,
    together.is_delivered,
    together.partner_id,
    together.quantity,
    together.unit
from together
inner join episodes on together.episode_key = episodes.episode_key
