-- Numbered over delivered rows that have a day; the others have no place in the sequence.
with

timeline as (
    select
        *,
        is_delivered and day is not null as is_placed
    from {{ ref('int_timeline') }}
)

select
    service_key,
    episode_key,
    source_table,
    category,
    service_type,
    service_code,
    day::integer as day,
    planned_day::integer as planned_day,
    is_delivered,
    partner_id,
    (case when is_placed then row_number() over in_episode end)::integer as sequence,
    (case when is_placed then day - lag(day) over in_episode end)::integer as days_since_previous,
    (case when is_placed then day - lag(day) over in_category end)::integer as days_since_same_category,
    quantity,
    unit
from timeline
window
    in_episode as (partition by episode_key, is_placed order by day, service_key),
    in_category as (partition by episode_key, is_placed, category order by day, service_key)
