with

source as (
    select * from {{ jds('offices') }}
),

renamed as (
    select
        office_id,
        name,
        country_code,
        region,
        opened_on,
        recording_started_on,
        modified_at,
        extract_sequence,
        unreadable,
        row_digest
    from source
)

select * from renamed
