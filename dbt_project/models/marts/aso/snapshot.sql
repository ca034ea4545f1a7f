select
    episode_key,
    stage,
    assessment_key,
    day,
    saf,
    leg,
    men,
    eco,
    soc,
    phy,
    total,
    is_restored
from {{ ref('fct_assessment') }}
where stage in ('initial', 'mid', 'end', 'sustained')
order by episode_key, day
