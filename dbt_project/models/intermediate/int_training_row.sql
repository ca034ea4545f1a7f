with

{{ with_duplicates(ref('stg_jds__partner_trainings'), ['training_id']) }},

partners as (
    select partner_id, any_value(bucket) as bucket
    from {{ ref('int_partner_row') }}
    where bucket != 'collapsed'
    group by partner_id

    union all

    select key as partner_id, 'tombstoned' as bucket
    from {{ ref('int_key_known_before') }}
    where table_name = 'partners' and is_gone
),

joined as (
    select all_rows.*, partners.bucket as parent_bucket
    from all_rows
    left join partners on all_rows.partner_id = partners.partner_id
),

ruled as (
    select *, {{ child_rule('training_id', []) }} as rule
    from joined
),

bucketed as (
    select
        * exclude (parent_bucket),
        {{ bucket("coalesce(parent_bucket = 'tombstoned', false)", 'false', 'rule') }} as bucket
    from ruled
)

select * from bucketed
