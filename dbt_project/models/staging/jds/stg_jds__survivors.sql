with

source as (
    select * from {{ jds('survivors') }}
),

renamed as (
    select
        survivor_key,
        birth_year,
        coalesce({{ known_code('gender', "'unknown'") }}, 'unknown') as gender,
        gender as gender_raw,
        primary_language,
        household_key,
        consent_analytics,
        merged_into_key,
        coalesce(is_deleted, false) as is_deleted,
        modified_at,
        extract_sequence,
        unreadable,
        row_digest
    from source
)

select * from renamed
