-- services.timeline in one statement, straight from the rows of the four tables.
with records as (
    select attendance_key as service_key, episode_key, 'community_events' as source_table, 'community' as category, event_type as service_type,
        attended_on as happened_on, null::date as planned_on, true as is_delivered, partner_id, hours as quantity, 'hour' as unit
    from "build"."intermediate"."int_community_row" where bucket = 'out'
    union all
    select health_service_key, episode_key, 'health_services', 'health', service_type, if(status = 'delivered', delivered_on, null),
        planned_on, coalesce(status = 'delivered', false), partner_id, sessions::double, 'session'
    from "build"."intermediate"."int_health_row" where bucket = 'out'
    union all
    select service_key, episode_key, 'legal_proceedings', 'legal', event_type, occurred_on, null, true, null, null, null
    from "build"."intermediate"."int_legal_event"
    union all
    select support_service_key, episode_key, 'support_services', coalesce(service_category, 'other'), coalesce(service_category, 'other'),
        if(status = 'delivered', started_on, null), null, coalesce(status = 'delivered', false), partner_id, quantity, unit
    from "build"."intermediate"."int_support_row" where bucket = 'out'
), dated as (
    select records.*, (happened_on - intake_date)::integer as day, (planned_on - intake_date)::integer as planned_day,
        is_delivered and happened_on is not null as is_placed
    from records join "build"."intermediate"."int_episode" as episodes using (episode_key)
)
select service_key, episode_key, source_table, category, service_type, source_table || '.' || service_type as service_code, day, planned_day,
    is_delivered, partner_id,
    if(is_placed, row_number() over in_episode, null)::integer as sequence,
    if(is_placed, day - lag(day) over in_episode, null)::integer as days_since_previous,
    if(is_placed, day - lag(day) over in_category, null)::integer as days_since_same_category,
    quantity, unit
from dated
window in_episode as (partition by episode_key, is_placed order by day, service_key),
    in_category as (partition by episode_key, is_placed, category order by day, service_key)
