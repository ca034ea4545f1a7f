{%- set days = 180 -%}
-- The first three categories of service in the first 180 days of stays that were recorded from intake on and lasted so long. On one
-- day the name decides. The ten most common of all have a row each, the others are one.
with

stays as (
    select * from {{ ref('int_service_stay') }} where entry_day = 0 and observed_until >= {{ days }}
),

firsts as (
    select episode_key, category, min(day) as day
    from {{ ref('timeline') }}
    where is_delivered and day between 0 and {{ days }} - 1
    group by episode_key, category
    qualify row_number() over (partition by episode_key order by min(day), category) <= 3
),

sequences as (
    select episode_key, string_agg(category, ' > ' order by day, category) as sequence
    from firsts
    group by episode_key
),

told as (
    select stays.stratum, stays.stratum_value, coalesce(sequences.sequence, 'none') as sequence
    from stays
    left join sequences on stays.episode_key = sequences.episode_key
),

common as (
    select sequence
    from told
    where stratum = 'overall'
    group by sequence
    qualify row_number() over (order by count(*) desc, sequence) <= 10
),

named as (
    select
        told.stratum,
        told.stratum_value,
        case when told.sequence in (select common.sequence from common) then told.sequence else 'any other' end as sequence
    from told
)

select
    stratum,
    stratum_value,
    sequence,
    count(*) / sum(count(*)) over (partition by stratum, stratum_value) as share,
    (sum(count(*)) over (partition by stratum, stratum_value))::integer as n
from named
group by stratum, stratum_value, sequence
