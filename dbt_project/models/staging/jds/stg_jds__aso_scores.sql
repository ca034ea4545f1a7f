with

source as (
    select * from {{ jds('aso_scores') }}
),

renamed as (
    select
        assessment_key,
        indicator_code,
        score,
        coalesce(not_applicable, false) as is_not_applicable,
        coalesce(is_deleted, false) as is_deleted,
        modified_at,
        extract_sequence,
        unreadable,
        row_digest
    from source
)

select * from renamed
