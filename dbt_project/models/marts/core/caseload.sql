with

episodes as (
    select
        episodes.episode_key,
        episodes.office_id,
        episodes.intake_date,
        episodes.as_of,
        {{ quarter_number('episodes.intake_date') }} as intake_quarter,
        {{ quarter_number('episodes.left_on') }} as exit_quarter,
        -- greatest() passes over nulls: without the case, never restored would read restored at intake.
        case
            when restoration.restored_right_day is not null
                then {{ quarter_number('(episodes.intake_date + greatest(restoration.restored_right_day, 0)::integer)') }}
        end as restored_quarter,
        {{ quarter_number('episodes.as_of') }} as last_quarter
    from {{ ref('int_episode') }} as episodes
    inner join {{ ref('int_restoration') }} as restoration on episodes.episode_key = restoration.episode_key
),

-- One row per episode and quarter at whose end it is open; the last quarter ends on as_of.
open_quarters as (
    select
        episodes.episode_key,
        episodes.office_id,
        generated.quarter,
        datediff(
            'day',
            episodes.intake_date,
            least(
                make_date(generated.quarter // 4, 3 * (generated.quarter % 4) + 1, 1) + interval 3 months - interval 1 day,
                episodes.as_of
            )::date
        ) as today
    from episodes
    cross join
        lateral (
            select unnest(range(episodes.intake_quarter, coalesce(episodes.exit_quarter, episodes.last_quarter + 1))) as quarter
        ) as generated
),

assessed as (
    select
        assessments.episode_key,
        greatest({{ quarter_number('(episodes.intake_date + assessments.day::integer)') }}, episodes.intake_quarter) as quarter,
        max(assessments.day) as day
    from {{ ref('int_assessment') }} as assessments
    inner join episodes on assessments.episode_key = episodes.episode_key
    group by all
),

with_last_day as (
    select
        open_quarters.*,
        last_value(assessed.day ignore nulls) over (
            partition by open_quarters.episode_key order by open_quarters.quarter
        ) as last_day
    from open_quarters
    left join assessed
        on open_quarters.episode_key = assessed.episode_key and open_quarters.quarter = assessed.quarter
),

-- Scheduled at intake, six months later, then yearly; overdue when the next one is more than 60 days late.
counted as (
    select
        office_id,
        quarter,
        'open' as what,
        count(*) as n,
        count(*) filter (
            where today - {{ next_assessment_day('last_day') }} > {{ definition('initial_window_days') }}
        ) as n_overdue
    from with_last_day
    group by office_id, quarter
    {% for what in ['intake', 'exit', 'restored'] %}
    union all
    select office_id, {{ what }}_quarter as quarter, '{{ what }}' as what, count(*) as n, 0 as n_overdue
    from episodes
    where {{ what }}_quarter is not null
    group by office_id, {{ what }}_quarter
    {% endfor %}
),

bounds as (
    select min(intake_quarter) as first_quarter, max(last_quarter) as last_quarter
    from episodes
),

grid as (
    select offices.office_id, generated.quarter
    from (select distinct office_id from episodes) as offices
    cross join bounds
    cross join lateral (select unnest(range(bounds.first_quarter, bounds.last_quarter + 1)) as quarter) as generated
)

select
    grid.office_id,
    (grid.quarter // 4)::varchar || 'Q' || (grid.quarter % 4 + 1)::varchar as quarter,
    coalesce(sum(counted.n) filter (where counted.what = 'open'), 0)::integer as n_open,
    coalesce(sum(counted.n) filter (where counted.what = 'intake'), 0)::integer as n_intakes,
    coalesce(sum(counted.n) filter (where counted.what = 'exit'), 0)::integer as n_exits,
    coalesce(sum(counted.n) filter (where counted.what = 'restored'), 0)::integer as n_restored_seen,
    coalesce(sum(counted.n_overdue), 0)::integer as n_overdue_assessments
from grid
left join counted on grid.office_id is not distinct from counted.office_id and grid.quarter = counted.quarter
group by grid.office_id, grid.quarter
order by grid.office_id, grid.quarter
