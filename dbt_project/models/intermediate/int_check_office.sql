-- Counts for the checks that look at an office or an assessor as a whole: n_checked and n_failed are offices or assessors with enough
-- records to be judged. Each is compared with the others, or with its own earlier work.
{%- set fewest_dates, fewest_forms = 30, 20 %}
with

forms as (
    select
        assessments.assessment_key,
        assessments.assessor_key,
        assessments.total,
        stages.stage,
        episodes.office_id,
        assessments.assessed_on > episodes.as_of - {{ definition('recent_days') }} as is_recent,
        datediff('day', assessments.assessed_on, assessments.entered_at::date) as lag_days
    from {{ ref('int_assessment') }} as assessments
    inner join {{ ref('int_stage') }} as stages on assessments.assessment_key = stages.assessment_key
    inner join {{ ref('int_episode') }} as episodes on assessments.episode_key = episodes.episode_key
),

lags as (
    select office_id, median(lag_days) > 30 as is_late
    from forms
    where lag_days is not null
    group by office_id
    having count(*) >= {{ fewest_forms }}
),

dates as (
    {%- for column in ['rescue_date', 'intake_date', 'exit_date'] %}
    select office_id, '{{ column }}' as column_name, {{ column }} as written
    from {{ ref('int_episode_row') }}
    where duplicate_rule is null
    union all
    {%- endfor %}
    select episodes.office_id, 'assessed_on' as column_name, assessments.assessed_on as written
    from {{ ref('int_assessment_row') }} as assessments
    inner join {{ ref('int_episode') }} as episodes on assessments.episode_key = episodes.episode_key
    where assessments.duplicate_rule is null
),

-- Three days in five come after the twelfth. Where day and month have changed places such dates do not exist, and go missing.
written_dates as (
    select office_id, column_name, count(*) filter (where day(written) > 12) < 0.3 * count(*) as is_swapped
    from dates
    where written is not null
    group by office_id, column_name
    having count(*) >= {{ fewest_dates }}
),

-- Each assessor against the colleagues of the office at the same stages. The yardstick is how much forms of one assessor and stage
-- differ among themselves, which an assessor who stands apart does not stretch.
by_stage as (
    select
        office_id,
        stage,
        assessor_key,
        count(*) as n,
        sum(total) as total_sum,
        var_pop(total) * count(*) as spread
    from forms
    where total is not null and assessor_key is not null
    group by office_id, stage, assessor_key
),

with_colleagues as (
    select
        *,
        sum(n) over (partition by office_id, stage) - n as n_colleagues,
        sum(total_sum) over (partition by office_id, stage) - total_sum as colleagues_sum,
        sum(spread) over (partition by office_id) as office_spread,
        sum(n) over (partition by office_id) - count(*) over (partition by office_id) as office_freedom
    from by_stage
),

assessors as (
    select
        assessor_key,
        abs(sum(total_sum - n * colleagues_sum / n_colleagues) / sum(n))
        > 2 * sqrt(max(office_spread) / nullif(max(office_freedom), 0)) + 1e-9 as is_far
    from with_colleagues
    where n_colleagues >= 5
    group by office_id, assessor_key
    having sum(n) >= {{ fewest_forms }}
),

form_scores as (
    select
        forms.office_id,
        forms.is_recent,
        avg((indicators.align_offset + indicators.align_factor * scores.score)::decimal(18, 12)) as mean,
        max(scores.score = indicators.score_min) as has_lowest,
        max(scores.score = indicators.score_max) as has_highest
    from {{ ref('fct_score') }} as scores
    inner join forms on scores.assessment_key = forms.assessment_key
    inner join {{ ref('int_indicator') }} as indicators on scores.indicator_code = indicators.indicator_code
    where scores.score_status = 'scored'
    group by forms.assessment_key, forms.office_id, forms.is_recent
),

scores as (
    select
        office_id,
        is_recent,
        count(*) as n,
        sum(mean::decimal(18, 9)) as mean_sum,
        count(*) filter (where has_lowest) as n_lowest,
        count(*) filter (where has_highest) as n_highest
    from form_scores
    group by office_id, is_recent
),

-- An office against all others, and its recent forms against its earlier ones. Counted in forms: scores of one form go together.
compared as (
    select
        'aso_scores.scale_shifted' as check_id,
        sum(n) as n,
        sum(mean_sum) as mean_sum,
        sum(n_lowest) as n_lowest,
        sum(n_highest) as n_highest,
        sum(sum(n)) over () - sum(n) as n_other,
        sum(sum(mean_sum)) over () - sum(mean_sum) as other_sum,
        sum(sum(n_lowest)) over () - sum(n_lowest) as other_lowest,
        sum(sum(n_highest)) over () - sum(n_highest) as other_highest
    from scores
    group by office_id
    union all
    select
        'aso_scores.scale_shifted_recently' as check_id,
        recent.n,
        recent.mean_sum,
        recent.n_lowest,
        recent.n_highest,
        earlier.n as n_other,
        earlier.mean_sum as other_sum,
        earlier.n_lowest as other_lowest,
        earlier.n_highest as other_highest
    from scores as recent
    inner join scores as earlier on recent.office_id = earlier.office_id and not earlier.is_recent
    where recent.is_recent
),

-- A scale has moved where forms lie a whole step of four apart from what they are compared with, or where one of its ends, which
-- two forms in five used, is all but gone.
scales as (
    select
        compared.check_id,
        abs(compared.mean_sum / compared.n - compared.other_sum / compared.n_other) >= (instrument.scale_max - instrument.scale_min) / 3
        or (
            compared.other_lowest >= 0.4 * compared.n_other
            and 10 * compared.n_lowest * compared.n_other < compared.other_lowest * compared.n
        )
        or (
            compared.other_highest >= 0.4 * compared.n_other
            and 10 * compared.n_highest * compared.n_other < compared.other_highest * compared.n
        ) as is_shifted
    from compared
    cross join {{ ref('int_instrument') }} as instrument
    where compared.n >= {{ fewest_forms }} and compared.n_other >= {{ fewest_forms }}
),

counts as (
    select 'aso_assessments.entry_lag' as check_id, count(*) as n_checked, count(*) filter (where is_late) as n_failed from lags
    union all
    select 'offices.day_month_swapped' as check_id, count(*) as n_checked, count(*) filter (where is_swapped) as n_failed from written_dates
    union all
    select 'aso_assessments.assessor_far_from_office' as check_id, count(*) as n_checked, count(*) filter (where is_far) as n_failed
    from assessors
    {%- for name in ['scale_shifted', 'scale_shifted_recently'] %}
    union all
    select 'aso_scores.{{ name }}' as check_id, count(*) as n_checked, count(*) filter (where is_shifted) as n_failed
    from scales
    where check_id = 'aso_scores.{{ name }}'
    {%- endfor %}
)

select check_id, n_checked::bigint as n_checked, n_failed::bigint as n_failed from counts
