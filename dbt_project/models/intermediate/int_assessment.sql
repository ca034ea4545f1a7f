-- One row per accepted assessment: its day, its domain means on the instrument's common scale and what they say.
{%- set domains = ['SAF', 'LEG', 'MEN', 'ECO', 'SOC', 'PHY'] %}
with

assessments as (
    select * from {{ ref('int_assessment_row') }} where bucket = 'out'
),

-- How many items of each domain count on each date on which somebody was assessed.
form_sizes as (
    select
        dates.assessed_on,
        {%- for domain in domains %}
        count(*) filter (where indicators.domain_code = '{{ domain }}') as {{ domain | lower }}_items,
        {%- endfor %}
        count(*) as n_items
    from (select distinct assessed_on from assessments) as dates
    cross join {{ ref('int_indicator') }} as indicators
    where {{ valid_on('indicators', 'dates.assessed_on') }}
    group by dates.assessed_on
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

-- One group a form: a group a form and domain would be six times as many to hold in memory.
sums as (
    select
        assessment_key,
        {%- for domain in domains %}
        count(*) filter (where domain_code = '{{ domain }}' and not is_not_applicable) as {{ domain | lower }}_scored,
        sum(aligned) filter (where domain_code = '{{ domain }}' and not is_not_applicable) as {{ domain | lower }}_sum,
        {%- endfor %}
        min(aligned) filter (where not is_not_applicable)::double as lowest_item,
        count(*) filter (where not is_not_applicable) as n_scored,
        count(*) filter (where is_not_applicable) as n_not_applicable
    from scores
    group by assessment_key
),

forms as (
    select
        assessments.assessment_key,
        {%- for domain in domains | map('lower') %}
        case
            when
                sums.{{ domain }}_scored > 0
                and sums.{{ domain }}_scored >= form_sizes.{{ domain }}_items * instrument.minimum_item_share - 1e-9
                then sums.{{ domain }}_sum::double / sums.{{ domain }}_scored
        end as {{ domain }},
        {%- endfor %}
        sums.lowest_item,
        sums.n_scored,
        sums.n_not_applicable,
        form_sizes.n_items
    from assessments
    left join sums on assessments.assessment_key = sums.assessment_key
    left join form_sizes on assessments.assessed_on = form_sizes.assessed_on
    cross join {{ ref('int_instrument') }} as instrument
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
        (forms.saf is not null)::bigint + (forms.leg is not null)::bigint + (forms.men is not null)::bigint
        + (forms.eco is not null)::bigint + (forms.soc is not null)::bigint + (forms.phy is not null)::bigint as n_domains,
        least(forms.saf, forms.leg, forms.men, forms.eco, forms.soc, forms.phy) as lowest_mean,
        forms.lowest_item,
        coalesce(forms.n_scored, 0) as n_scored,
        coalesce(forms.n_not_applicable, 0) as n_not_applicable,
        coalesce(forms.n_items, 0) - coalesce(forms.n_scored, 0) - coalesce(forms.n_not_applicable, 0) as n_missing,
        instrument.minimum_scored_domains,
        instrument.restoration_cutoff,
        instrument.restoration_rule
    from assessments
    inner join {{ ref('int_episode') }} as episodes on assessments.episode_key = episodes.episode_key
    inner join forms on assessments.assessment_key = forms.assessment_key
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
