with recursive

standing as (
    select episode_key, previous_key, intake_date, rescue_date, bucket
    from {{ ref('int_episode_row') }}
    where coalesce(duplicate_rule, '') not in ('exact', 'superseded') and episode_key is not null
),

walk as (
    select episode_key, previous_key as root_key, 1 as steps
    from standing
    where previous_key is not null

    union all

    select walk.episode_key, standing.previous_key as root_key, walk.steps + 1 as steps
    from walk
    inner join standing on walk.root_key = standing.episode_key
    where standing.previous_key is not null
),

roots as (
    select episode_key, max_by(root_key, steps) as root_episode_key
    from walk
    group by episode_key
),

fates as (
    select
        standing.episode_key,
        coalesce(roots.root_episode_key, standing.episode_key) as root_episode_key,
        -- Children of a continued episode belong to the one it continues, and share its bucket.
        coalesce(root.bucket, standing.bucket) as bucket
    from standing
    left join roots on standing.episode_key = roots.episode_key
    left join standing as root on roots.root_episode_key = root.episode_key
),

one_each as (
    select
        episode_key,
        any_value(root_episode_key) as root_episode_key,
        case
            when bool_or(bucket = 'tombstoned') then 'tombstoned'
            when bool_or(bucket = 'excluded') then 'excluded'
            else any_value(bucket)
        end as bucket
    from fates
    group by episode_key
),

with_dates as (
    select one_each.*, root.intake_date, root.rescue_date
    from one_each
    left join standing as root on case when one_each.bucket = 'out' then one_each.root_episode_key end = root.episode_key
),

gone as (
    select
        key as episode_key,
        key as root_episode_key,
        'tombstoned' as bucket,
        null::date as intake_date,
        null::date as rescue_date
    from {{ ref('int_key_known_before') }}
    where table_name = 'aftercare_episodes' and is_gone
)

select * from with_dates
union all by name
select * from gone
