-- One row per accepted assessment: its day, its domain means on the instrument's common scale and what they say.
with

assessments as (
    select * from {{ ref('int_assessment_row') }} where bucket = 'out'
),

-- How many items of each domain count on each date on which somebody was assessed.
domain_sizes as (
    select dates.assessed_on, indicators.domain_code, count(*) as n_items
    from (select distinct assessed_on from assessments) as dates
    cross join {{ ref('int_indicator') }} as indicators
    where {{ valid_on('indicators', 'dates.assessed_on') }}
    group by dates.assessed_on, indicators.domain_code
),

form_sizes as (
    select assessed_on, sum(n_items)::bigint as n_items
    from domain_sizes
    group by assessed_on
),

-- Decimals, so that a sum does not depend on the order of its rows.
scores as (
    select
        scores.assessment_key,
        indicators.domain_code,
        scores.is_not_applicable,
        (indicators.align_offset + indicators.align_factor * scores.score)::decimal(18, 12) as aligned
    from {{ ref('int_score_row') }} as scores
    inner join {{ ref('int_indicator') }} as indicators on scores.indicator_code = indicators.indicator_code
    where scores.bucket = 'out' and (scores.score is not null or scores.is_not_applicable)
),

by_domain as (
    select
        assessment_key,
        domain_code,
        count(*) filter (where not is_not_applicable) as n_scored,
        count(*) filter (where is_not_applicable) as n_not_applicable,
        sum(aligned) filter (where not is_not_applicable) as score_sum,
        min(aligned) filter (where not is_not_applicable) as lowest_item
    from scores
    group by assessment_key, domain_code
),

domain_means as (
    select
        by_domain.*,
        case
            when by_domain.n_scored >= domain_sizes.n_items * instrument.minimum_item_share - 1e-9
                then by_domain.score_sum::double / by_domain.n_scored
        end as mean
    from by_domain
    inner join assessments on by_domain.assessment_key = assessments.assessment_key
    inner join domain_sizes
        on
            assessments.assessed_on = domain_sizes.assessed_on
            and by_domain.domain_code = domain_sizes.domain_code
    cross join {{ ref('int_instrument') }} as instrument
),

forms as (
    select
        assessment_key,
        {%- for domain in ['SAF', 'LEG', 'MEN', 'ECO', 'SOC', 'PHY'] %}
        max(mean) filter (where domain_code = '{{ domain }}') as {{ domain | lower }},
        {%- endfor %}
        count(mean) as n_domains,
        min(mean) as lowest_mean,
        min(lowest_item)::double as lowest_item,
        sum(n_scored) as n_scored,
        sum(n_not_applicable) as n_not_applicable
    from domain_means
    group by assessment_key
),

joined as (
    select
        assessments.assessment_key,
        assessments.episode_key,
        assessments.assessed_on,
        datediff('day', episodes.intake_date, assessments.assessed_on) as day,
        assessments.entered_at,
        assessments.stage_raw,
        assessments.assessor_key,
        assessments.instrument_version,
        assessments.setting,
        forms.saf,
        forms.leg,
        forms.men,
        forms.eco,
        forms.soc,
        forms.phy,
        coalesce(forms.n_domains, 0) as n_domains,
        forms.lowest_mean,
        forms.lowest_item,
        coalesce(forms.n_scored, 0) as n_scored,
        coalesce(forms.n_not_applicable, 0) as n_not_applicable,
        coalesce(form_sizes.n_items, 0) - coalesce(forms.n_scored, 0) - coalesce(forms.n_not_applicable, 0) as n_missing,
        instrument.minimum_scored_domains,
        instrument.restoration_cutoff,
        instrument.restoration_rule
    from assessments
    inner join {{ ref('int_episode') }} as episodes on assessments.episode_key = episodes.episode_key
    left join forms on assessments.assessment_key = forms.assessment_key
    left join form_sizes on assessments.assessed_on = form_sizes.assessed_on
    cross join {{ ref('int_instrument') }} as instrument
),

judged as (
    select
        * exclude (minimum_scored_domains, restoration_cutoff, restoration_rule),
        case
            when n_domains >= minimum_scored_domains
                then list_sum(list_filter([saf, leg, men, eco, soc, phy], lambda mean: mean is not null)) / n_domains
        end as total,
        n_domains >= minimum_scored_domains as is_judgeable,
        n_domains >= minimum_scored_domains
        and {{ reaches('restoration_rule', 'lowest_item', 'lowest_mean', 'restoration_cutoff') }} as is_restored,
        -- Of two forms on one day the one entered later counts for stages and intervals.
        row_number() over (
            partition by episode_key, day
            order by entered_at desc nulls last, n_scored desc, assessment_key asc
        ) = 1 as is_of_the_day
    from joined
)

select * from judged
