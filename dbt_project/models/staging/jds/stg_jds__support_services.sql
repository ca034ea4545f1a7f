with

source as (
    select * from {{ jds('support_services') }}
),

renamed as (
    select
        support_service_key,
        episode_key,
        {{ known_code('service_category', "'other'") }} as service_category,
        service_category as service_category_raw,
        {{ plausible_date('started_on') }} as started_on,
        {{ plausible_date('ended_on') }} as ended_on,
        {{ known_code('status', "'other'") }} as status,
        status as status_raw,
        quantity,
        unit,
        partner_id,
        coalesce(is_deleted, false) as is_deleted,
        modified_at,
        extract_sequence,
        {{ unreadable_with_dates(['started_on', 'ended_on']) }} as unreadable,
        row_digest
    from source
)

select * from renamed
