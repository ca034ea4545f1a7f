with

source as (
    select * from {{ jds('partner_trainings') }}
),

renamed as (
    select
        training_id,
        partner_id,
        {{ known_code('topic', "'other'") }} as topic,
        topic as topic_raw,
        completed_on,
        attendees,
        modified_at,
        extract_sequence,
        unreadable,
        row_digest
    from source
)

select * from renamed
