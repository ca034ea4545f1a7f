{%- set domains = ['saf', 'leg', 'men', 'eco', 'soc', 'phy', 'total'] -%}
{%- set month_days = definition('month_days') -%}
with

-- The dearest model: 24 running counts over all months, four packed into one sum (macros/packs.sql).
-- A number stands in place of the key: rows are joined and counted by it.
episodes as (
    select
        episodes.episode_key,
        row_number() over (order by episodes.episode_key) as episode,
        episodes.exit_day,
        episodes.as_of_day,
        restoration.restored_right_day
    from {{ ref('int_episode') }} as episodes
    inner join {{ ref('int_restoration') }} as restoration on episodes.episode_key = restoration.episode_key
),

-- known_before is the month's first whole day: what is known lies before it. Month 0 knows day 0 as well.
months as (
    select
        episodes.episode_key,
        episodes.episode,
        generated.month,
        case when generated.month = 0 then 1 else ceil(generated.month * {{ month_days }})::integer end as known_before,
        episodes.restored_right_day
    from episodes
    cross join lateral (select unnest(range(0, 1 + ceil(episodes.as_of_day / {{ month_days }})::bigint)) as month) as generated
    where
        generated.month * {{ month_days }} <= episodes.as_of_day
        and (episodes.exit_day is null or generated.month * {{ month_days }} < episodes.exit_day)
),

-- A record is known from the first month that starts after its day, and recent until the window has passed it.
known as (
    select
        episodes.episode,
        {%- for pack in packs() %}
        {{ packed('timeline.category', pack) }} as pack_{{ pack }},
        {%- endfor %}
        case when timeline.day <= 0 then 0 else floor(timeline.day / {{ month_days }})::bigint + 1 end as from_month,
        floor((timeline.day + {{ definition('recent_days') }}) / {{ month_days }})::bigint + 1 as until_month
    from {{ ref('int_timeline') }} as timeline
    inner join episodes on timeline.episode_key = episodes.episode_key
    where timeline.is_delivered and timeline.day is not null
),

movements as (
    select
        episode,
        {%- for pack in packs() %}
        pack_{{ pack }} as came_{{ pack }},
        case when from_month < until_month then pack_{{ pack }} else 0 end as recent_{{ pack }},
        {%- endfor %}
        from_month as month
    from known
    union all
    select
        episode,
        {%- for pack in packs() %}
        0 as came_{{ pack }},
        -pack_{{ pack }} as recent_{{ pack }},
        {%- endfor %}
        until_month as month
    from known
    where from_month < until_month
),

moved as (
    select
        episode,
        {%- for pack in packs() %}
        sum(came_{{ pack }}) as came_{{ pack }},
        sum(recent_{{ pack }}) as recent_{{ pack }},
        {%- endfor %}
        month
    from movements
    group by episode, month
),

-- The scores that had become known by a month; a form without a domain leaves the one before standing.
assessed as (
    select
        episodes.episode,
        {%- for domain in domains %}
        max_by(assessments.{{ domain }}, assessments.day) filter (where assessments.{{ domain }} is not null) as {{ domain }},
        {%- endfor %}
        case when assessments.day <= 0 then 0 else floor(assessments.day / {{ month_days }})::bigint + 1 end as month
    from {{ ref('int_assessment') }} as assessments
    inner join episodes on assessments.episode_key = episodes.episode_key
    where assessments.is_of_the_day
    group by all
),

standing as (
    select
        episode,
        {%- for domain in domains %}
        last_value({{ domain }} ignore nulls) over so_far as {{ domain }},
        {%- endfor %}
        month as from_month,
        coalesce(lead(month) over so_far, 2147483647) as until_month
    from assessed
    window so_far as (partition by episode order by month)
),

counted as (
    select
        {%- for pack in packs() %}
        coalesce(sum(moved.came_{{ pack }}) over so_far, 0) as came_{{ pack }},
        coalesce(sum(moved.recent_{{ pack }}) over so_far, 0) as recent_{{ pack }},
        {%- endfor %}
        months.*
    from months
    left join moved on months.episode = moved.episode and months.month = moved.month
    window so_far as (partition by months.episode order by months.month)
)

select
    counted.episode_key,
    counted.month::integer as month,
    coalesce(counted.restored_right_day < counted.known_before, false) as is_restored_at_start,
    {%- for category in service_categories() %}
    {{ unpacked('counted.came', category) }} as n_{{ category }}_before,
    {{ unpacked('counted.recent', category) }} as n_{{ category }}_last_3m,
    {%- endfor %}
    {%- for domain in domains[:-1] %}
    standing.{{ domain }} as {{ domain }}_before,
    {%- endfor %}
    standing.total as total_before
from counted
left join standing
    on
        counted.episode = standing.episode
        and counted.month >= standing.from_month
        and counted.month < standing.until_month
