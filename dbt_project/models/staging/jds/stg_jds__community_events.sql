with

source as (
    select * from {{ jds('community_events') }}
),

renamed as (
    select
        attendance_key,
        episode_key,
        {{ known_code('event_type', "'other'") }} as event_type,
        event_type as event_type_raw,
        {{ plausible_date('attended_on') }} as attended_on,
        {{ known_code('role', "'other'") }} as role,
        role as role_raw,
        hours,
        partner_id,
        coalesce(is_deleted, false) as is_deleted,
        modified_at,
        extract_sequence,
        {{ unreadable_with_dates(['attended_on']) }} as unreadable,
        row_digest
    from source
)

select * from renamed
