with

source as (
    select * from {{ jds('legal_proceedings') }}
),

renamed as (
    select
        proceeding_key,
        case_key,
        survivor_key,
        {{ known_code('event_type', "'other'") }} as event_type,
        event_type as event_type_raw,
        {{ plausible_date('occurred_on') }} as occurred_on,
        coalesce(is_deleted, false) as is_deleted,
        modified_at,
        extract_sequence,
        {{ unreadable_with_dates(['occurred_on']) }} as unreadable,
        row_digest
    from source
)

select * from renamed
