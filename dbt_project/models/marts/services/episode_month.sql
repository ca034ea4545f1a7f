{%- set domains = ['saf', 'leg', 'men', 'eco', 'soc', 'phy'] -%}
{%- set month_days = definition('month_days') -%}
with

-- known_before is the month's first whole day: what is known lies before it. Month 0 knows day 0 as well.
months as (
    select
        episodes.episode_key,
        generated.month,
        case when generated.month = 0 then 1 else ceil(generated.month * {{ month_days }})::integer end as known_before,
        restoration.restored_right_day
    from {{ ref('int_episode') }} as episodes
    inner join {{ ref('int_restoration') }} as restoration on episodes.episode_key = restoration.episode_key
    cross join lateral (select unnest(range(0, 1 + ceil(episodes.as_of_day / {{ month_days }})::bigint)) as month) as generated
    where
        generated.month * {{ month_days }} <= episodes.as_of_day
        and (episodes.exit_day is null or generated.month * {{ month_days }} < episodes.exit_day)
),

-- A record is known from the first month that starts after its day, and recent until the window has passed it.
known as (
    select
        episode_key,
        category,
        case when day <= 0 then 0 else floor(day / {{ month_days }})::bigint + 1 end as from_month,
        floor((day + {{ definition('recent_days') }}) / {{ month_days }})::bigint + 1 as until_month
    from {{ ref('int_timeline') }}
    where is_delivered and day is not null
),

movements as (
    select episode_key, from_month as month, category, 1 as came, (from_month < until_month)::integer as recent from known
    union all
    select episode_key, until_month as month, category, 0 as came, -1 as recent from known where from_month < until_month
),

moved as (
    select
        episode_key,
        {%- for category in service_categories() %}
        sum(came) filter (where category = '{{ category }}') as came_{{ category }},
        sum(recent) filter (where category = '{{ category }}') as recent_{{ category }},
        {%- endfor %}
        month
    from movements
    group by episode_key, month
),

-- The last value of each score that had become known by a month; a form without a domain leaves the one before standing.
assessments as (
    select
        episode_key,
        {%- for domain in domains %}
        max_by({{ domain }}, day) filter (where {{ domain }} is not null) as {{ domain }},
        {%- endfor %}
        max_by(total, day) filter (where total is not null) as total,
        case when day <= 0 then 0 else floor(day / {{ month_days }})::bigint + 1 end as month
    from {{ ref('int_assessment') }}
    where is_of_the_day
    group by all
)

select
    months.episode_key,
    months.month::integer as month,
    coalesce(months.restored_right_day < months.known_before, false) as is_restored_at_start,
    {%- for category in service_categories() %}
    coalesce(sum(moved.came_{{ category }}) over so_far, 0)::integer as n_{{ category }}_before,
    coalesce(sum(moved.recent_{{ category }}) over so_far, 0)::integer as n_{{ category }}_last_3m,
    {%- endfor %}
    {%- for domain in domains %}
    last_value(assessments.{{ domain }} ignore nulls) over so_far as {{ domain }}_before,
    {%- endfor %}
    last_value(assessments.total ignore nulls) over so_far as total_before
from months
left join moved on months.episode_key = moved.episode_key and months.month = moved.month
left join assessments on months.episode_key = assessments.episode_key and months.month = assessments.month
window so_far as (partition by months.episode_key order by months.month)
