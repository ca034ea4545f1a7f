with

source as (
    select * from {{ jds('cases') }}
),

renamed as (
    select
        case_key,
        office_id,
        {{ known_code('casework_type', "'other'") }} as casework_type,
        casework_type as casework_type_raw,
        rescue_operation_key as operation_key,
        opened_on,
        closed_on,
        coalesce(is_deleted, false) as is_deleted,
        modified_at,
        extract_sequence,
        unreadable,
        row_digest
    from source
)

select * from renamed
