{%- set domains = {'SAF': 'saf', 'LEG': 'leg', 'MEN': 'men', 'ECO': 'eco', 'SOC': 'soc', 'PHY': 'phy'} -%}
{%- set window = definition('unmet_need_days') -%}
-- Low domains without a matching service in the days after: of each stay and domain, the first assessment that finds it low and
-- whose days after lie wholly in care. Which service matches which domain is in seeds/codes/domain_services.csv.
with

scores as (
    {% for code, column in domains.items() %}
    select episode_key, '{{ code }}' as domain_code, {{ column }} as score, greatest(day, 0) as day from {{ ref('fct_assessment') }}
    {{ "union all" if not loop.last }}
    {% endfor %}
),

stays as (
    select * from {{ ref('int_service_stay') }}
),

lows as (
    select scores.episode_key, scores.domain_code, min(scores.day) as day
    from scores
    inner join stays on scores.episode_key = stays.episode_key and stays.stratum = 'overall'
    cross join {{ ref('int_instrument') }} as instrument
    where
        round(scores.score, 6)
        < round(instrument.scale_min + {{ definition('low_domain') }} * (instrument.scale_max - instrument.scale_min), 6)
        and scores.day >= stays.entry_day
        and scores.day + {{ window }} < stays.observed_until
    group by scores.episode_key, scores.domain_code
),

met as (
    select distinct lows.episode_key, lows.domain_code
    from lows
    inner join {{ ref('domain_services') }} as matching on lows.domain_code = matching.domain_code
    inner join {{ ref('timeline') }} as timeline
        on
            lows.episode_key = timeline.episode_key and matching.service_code = timeline.service_code
            and timeline.day between lows.day and lows.day + {{ window }}
    where timeline.is_delivered
)

select
    stays.stratum,
    stays.stratum_value,
    lows.domain_code,
    avg((met.episode_key is null)::integer) as share,
    count(*)::integer as n
from lows
inner join stays on lows.episode_key = stays.episode_key
left join met on lows.episode_key = met.episode_key and lows.domain_code = met.domain_code
group by stays.stratum, stays.stratum_value, lows.domain_code
