with

source as (
    select * from {{ jds('aso_assessments') }}
),

renamed as (
    select
        assessment_key,
        episode_key,
        assessed_on,
        entered_at,
        {{ known_code('stage', 'null') }} as stage_raw,
        stage as stage_as_delivered,
        assessor_key,
        instrument_version,
        {{ known_code('setting', "'other'") }} as setting,
        setting as setting_raw,
        coalesce(is_deleted, false) as is_deleted,
        modified_at,
        extract_sequence,
        unreadable,
        row_digest
    from source
)

select * from renamed
