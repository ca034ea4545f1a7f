with

{{ with_duplicates(ref('stg_jds__partners'), ['partner_id']) }},

offices as (
    select office_id, any_value(bucket) as bucket
    from {{ ref('int_office_row') }}
    where bucket != 'collapsed'
    group by office_id

    union all

    select key as office_id, 'tombstoned' as bucket
    from {{ ref('int_key_known_before') }}
    where table_name = 'offices' and is_gone
),

joined as (
    select
        all_rows.*,
        case when all_rows.office_id is null then 'out' else offices.bucket end as parent_bucket
    from all_rows
    left join offices on all_rows.office_id = offices.office_id
),

ruled as (
    select *, {{ child_rule('partner_id', []) }} as rule
    from joined
),

bucketed as (
    select
        * exclude (parent_bucket),
        {{ bucket("coalesce(parent_bucket = 'tombstoned', false)", 'false', 'rule') }} as bucket
    from ruled
)

select * from bucketed
