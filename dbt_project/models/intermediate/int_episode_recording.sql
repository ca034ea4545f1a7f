-- One row per episode: which assessments were due and made, how forms were entered, and when the first service came. What the
-- comparison of offices and partners needs beyond the marts.
{%- set year = 365.25 %}
with

episodes as (
    select * from {{ ref('fct_episode') }}
),

forms as (
    select
        assessments.assessment_key,
        assessments.episode_key,
        assessments.day,
        assessments.n_scored,
        assessments.is_judgeable,
        -- least() and greatest() pass over nulls: without the case, a form without a date of entry would read entered at once.
        case
            when assessments.entered_at is not null
                then least(greatest(datediff('day', assessments.assessed_on, assessments.entered_at::date), 0), 365)
        end as lag_days,
        assessments.day - lag(assessments.day) over (
            partition by assessments.episode_key order by assessments.day, assessments.assessment_key
        ) as gap_days,
        flat.record_key is not null as is_flat
    from {{ ref('int_assessment') }} as assessments
    left join {{ ref('int_finding') }} as flat
        on assessments.assessment_key = flat.record_key and flat.check_id = 'aso_assessments.all_same_score'
),

-- Assessments are due at intake, six months later, then yearly; each has the time up to half way to the next. One is due where the
-- person was in care, and observed, through all of that time.
years as (
    select
        case when n = 1 then 1.5 * {{ definition('mid_target_days') }} else {{ year }} * (n - 0.5) end as after_day,
        {{ year }} * (n + 0.5) as until_day
    from (select unnest(range(1, 11)) as n) as numbered
),

plan as (
    select 'initial' as moment, '-infinity'::double as after_day, {{ definition('initial_window_days') }}::double as until_day
    union all
    select
        'half_year' as moment,
        {{ definition('initial_window_days') }}::double as after_day,
        1.5 * {{ definition('mid_target_days') }} as until_day
    union all
    select 'yearly' as moment, after_day::double as after_day, until_day::double as until_day
    from years
),

due as (
    select episodes.episode_key, plan.moment, plan.after_day, plan.until_day
    from episodes
    inner join plan
        on
            episodes.entry_day <= greatest(plan.after_day, 0)
            and episodes.as_of_day >= plan.until_day
            and (episodes.exit_day is null or episodes.exit_day > plan.until_day)
),

made as (
    select due.episode_key, due.moment, due.until_day, coalesce(bool_or(forms.is_judgeable), false) as is_made
    from due
    left join forms
        on
            due.episode_key = forms.episode_key
            and due.until_day >= forms.day
            and due.after_day < forms.day
    group by due.episode_key, due.moment, due.until_day
),

by_plan as (
    select
        episode_key,
        count(*) as n_due,
        count(*) filter (where is_made) as n_made,
        count(*) filter (where moment = 'initial') as n_due_initial,
        count(*) filter (where moment = 'half_year') as n_due_half_year
    from made
    group by episode_key
),

by_form as (
    select
        episode_key,
        count(lag_days) as n_entered,
        sum(lag_days) as lag_days,
        count(*) filter (where gap_days > 0) as n_gaps,
        coalesce(sum(gap_days) filter (where gap_days > 0), 0) as gap_days,
        count(*) filter (where n_scored >= 10) as n_long,
        count(*) filter (where n_scored >= 10 and is_flat) as n_flat
    from forms
    group by episode_key
),

services as (
    select episode_key, min(day) as first_service_day
    from {{ ref('timeline') }}
    where is_delivered and day is not null
    group by episode_key
)

select
    episodes.episode_key,
    services.first_service_day::integer as first_service_day,
    coalesce(by_plan.n_due, 0)::integer as n_due,
    coalesce(by_plan.n_made, 0)::integer as n_made,
    coalesce(by_plan.n_due_initial, 0)::integer as n_due_initial,
    coalesce(by_plan.n_due_half_year, 0)::integer as n_due_half_year,
    coalesce(by_form.n_entered, 0)::integer as n_entered,
    coalesce(by_form.lag_days, 0)::integer as lag_days,
    coalesce(by_form.n_gaps, 0)::integer as n_gaps,
    coalesce(by_form.gap_days, 0)::integer as gap_days,
    coalesce(by_form.n_long, 0)::integer as n_long,
    coalesce(by_form.n_flat, 0)::integer as n_flat
from episodes
left join by_plan on episodes.episode_key = by_plan.episode_key
left join by_form on episodes.episode_key = by_form.episode_key
left join services on episodes.episode_key = services.episode_key
