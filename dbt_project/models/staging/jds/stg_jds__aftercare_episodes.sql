with

source as (
    select * from {{ jds('aftercare_episodes') }}
),

renamed as (
    select
        episode_key,
        survivor_key,
        case_key,
        office_id,
        lead_partner_id as partner_id,
        case when rescue_date > '{{ definition('earliest_plausible_date') }}'::date then rescue_date end as rescue_date,
        intake_date,
        {{ known_code('status', "'other'") }} as status,
        status as status_raw,
        exit_date,
        case when closure_code = '#' then 'other' else closure_code end as closure_code,
        closure_code as closure_code_raw,
        coalesce(is_deleted, false) as is_deleted,
        modified_at,
        extract_sequence,
        unreadable,
        row_digest
    from source
)

select * from renamed
