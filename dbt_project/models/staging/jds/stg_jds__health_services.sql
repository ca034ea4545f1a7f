with

source as (
    select * from {{ jds('health_services') }}
),

renamed as (
    select
        health_service_key,
        episode_key,
        {{ known_code('service_type', "'other'") }} as service_type,
        service_type as service_type_raw,
        {{ plausible_date('planned_on') }} as planned_on,
        {{ plausible_date('delivered_on') }} as delivered_on,
        {{ known_code('status', "'other'") }} as status,
        status as status_raw,
        sessions,
        partner_id,
        coalesce(is_deleted, false) as is_deleted,
        modified_at,
        extract_sequence,
        {{ unreadable_with_dates(['planned_on', 'delivered_on']) }} as unreadable,
        row_digest
    from source
)

select * from renamed
