{%- set domains = ['total', 'saf', 'leg', 'men', 'eco', 'soc', 'phy'] -%}
with

episodes as (
    select
        episodes.episode_key,
        episodes.exit_day,
        episodes.as_of_day,
        restoration.restored_right_day
    from {{ ref('int_episode') }} as episodes
    inner join {{ ref('int_restoration') }} as restoration on episodes.episode_key = restoration.episode_key
),

-- first_day is the month's first whole day; what is known lies before it. Month 0 knows day 0 as well.
months as (
    select
        episodes.episode_key,
        generated.month,
        ceil(generated.month * {{ definition('month_days') }})::integer as first_day,
        case when generated.month = 0 then 1 else ceil(generated.month * {{ definition('month_days') }})::integer end as known_before,
        episodes.restored_right_day
    from episodes
    cross join lateral (select unnest(range(0, 1 + ceil(episodes.as_of_day / {{ definition('month_days') }})::bigint)) as month) as generated
    where
        generated.month * {{ definition('month_days') }} <= episodes.as_of_day
        and (episodes.exit_day is null or generated.month * {{ definition('month_days') }} < episodes.exit_day)
),

services as (
    select episode_key, category, day
    from {{ ref('int_timeline') }}
    where is_delivered and day is not null
),

-- A service is known from the first month that starts after its day, and recent until the window has passed.
known_months as (
    select
        episode_key,
        category,
        case when day <= 0 then 0 else floor(day / {{ definition('month_days') }})::integer + 1 end as from_month,
        day
    from services
),

new_in_month as (
    select
        episode_key,
        from_month as month
        {%- for category in service_categories() %},
        count(*) filter (where category = '{{ category }}') as new_{{ category }}
        {%- endfor %}
    from known_months
    group by episode_key, from_month
),

recent_in_month as (
    select
        months.episode_key,
        months.month
        {%- for category in service_categories() %},
        count(*) filter (where services.category = '{{ category }}') as recent_{{ category }}
        {%- endfor %}
    from known_months as services
    inner join months
        on
            services.episode_key = months.episode_key
            and months.month between services.from_month and services.from_month + 3
            and services.day >= months.first_day - {{ definition('recent_days') }}
    group by months.episode_key, months.month
),

-- The last value of each score that had become known by a month; a form without a domain leaves the one before standing.
assessments as (
    select
        episode_key,
        case when day <= 0 then 0 else floor(day / {{ definition('month_days') }})::integer + 1 end as month
        {%- for domain in domains %},
        max_by({{ domain }}, day) filter (where {{ domain }} is not null) as {{ domain }}
        {%- endfor %}
    from {{ ref('int_assessment') }}
    where is_of_the_day
    group by all
),

joined as (
    select
        months.episode_key,
        months.month,
        coalesce(months.restored_right_day < months.known_before, false) as is_restored_at_start
        {%- for category in service_categories() %},
        coalesce(sum(new_in_month.new_{{ category }}) over so_far, 0)::integer as n_{{ category }}_before,
        coalesce(recent_in_month.recent_{{ category }}, 0)::integer as n_{{ category }}_last_3m
        {%- endfor %}
        {%- for domain in domains %},
        last_value(assessments.{{ domain }} ignore nulls) over so_far as {{ domain }}_before
        {%- endfor %}
    from months
    left join new_in_month on months.episode_key = new_in_month.episode_key and months.month = new_in_month.month
    left join recent_in_month on months.episode_key = recent_in_month.episode_key and months.month = recent_in_month.month
    left join assessments on months.episode_key = assessments.episode_key and months.month = assessments.month
    window so_far as (partition by months.episode_key order by months.month)
)

select
    joined.episode_key,
    joined.month::integer as month,
    joined.* exclude (episode_key, month)
from joined
