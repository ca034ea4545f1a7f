with

source as (
    select * from {{ jds('partners') }}
),

renamed as (
    select
        partner_id,
        office_id,
        name,
        {{ known_code('partner_type', "'other'") }} as partner_type,
        partner_type as partner_type_raw,
        modified_at,
        extract_sequence,
        unreadable,
        row_digest
    from source
)

select * from renamed
