-- One row per accepted assessment: its day, its domain means and what they say. Items are looked up for all twenty indicators.
with

assessments as (
    select * from {{ ref('int_assessment_row') }} where bucket = 'out'
),

indicators as (
    select indicator_code, domain_code from {{ ref('aso_indicators') }}
),

domain_sizes as (
    select domain_code, count(*) as n_items
    from indicators
    group by domain_code
),

scores as (
    select assessment_key, indicator_code, score, is_not_applicable
    from {{ ref('int_score_row') }}
    where bucket = 'out' and (score is not null or is_not_applicable)
),

by_domain as (
    select
        scores.assessment_key,
        indicators.domain_code,
        count(*) filter (where not scores.is_not_applicable) as n_scored,
        count(*) filter (where scores.is_not_applicable) as n_not_applicable,
        sum(scores.score) filter (where not scores.is_not_applicable) as score_sum
    from scores
    inner join indicators on scores.indicator_code = indicators.indicator_code
    group by scores.assessment_key, indicators.domain_code
),

domain_means as (
    select
        by_domain.*,
        case
            when by_domain.n_scored >= domain_sizes.n_items * {{ definition('minimum_item_share') }} - 1e-9
                then by_domain.score_sum::double / by_domain.n_scored
        end as mean
    from by_domain
    inner join domain_sizes on by_domain.domain_code = domain_sizes.domain_code
),

forms as (
    select
        assessment_key,
        {%- for domain in ['SAF', 'LEG', 'MEN', 'ECO', 'SOC', 'PHY'] %}
        max(mean) filter (where domain_code = '{{ domain }}') as {{ domain | lower }},
        {%- endfor %}
        count(mean) as n_domains,
        min(mean) as lowest_mean,
        sum(n_scored) as n_scored,
        sum(n_not_applicable) as n_not_applicable
    from domain_means
    group by assessment_key
),

n_indicators as (
    select count(*) as n_items from indicators
),

joined as (
    select
        assessments.assessment_key,
        assessments.episode_key,
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
        coalesce(forms.n_scored, 0) as n_scored,
        coalesce(forms.n_not_applicable, 0) as n_not_applicable,
        n_indicators.n_items - coalesce(forms.n_scored, 0) - coalesce(forms.n_not_applicable, 0) as n_missing
    from assessments
    inner join {{ ref('int_episode') }} as episodes on assessments.episode_key = episodes.episode_key
    left join forms on assessments.assessment_key = forms.assessment_key
    cross join n_indicators
),

judged as (
    select
        *,
        case
            when n_domains >= {{ definition('minimum_scored_domains') }}
                then list_sum(list_filter([saf, leg, men, eco, soc, phy], lambda mean: mean is not null)) / n_domains
        end as total,
        n_domains >= {{ definition('minimum_scored_domains') }} as is_judgeable,
        n_domains >= {{ definition('minimum_scored_domains') }}
        and coalesce(lowest_mean >= {{ definition('restoration_cutoff') }}, false) as is_restored,
        -- Of two forms on one day the one entered later counts for stages and intervals.
        row_number() over (
            partition by episode_key, day
            order by entered_at desc nulls last, n_scored desc, assessment_key asc
        ) = 1 as is_of_the_day
    from joined
)

select * from judged
