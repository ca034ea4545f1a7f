-- What an accepted assessment says now, for the history of corrections.
select
    assessment_key,
    episode_key,
    day,
    saf,
    leg,
    men,
    eco,
    soc,
    phy,
    total,
    is_restored,
    n_scored,
    hash(episode_key, day, saf, leg, men, eco, soc, phy, n_scored, n_not_applicable)::varchar as content,
    (select run.as_of::timestamp from {{ ref('int_run') }} as run) as known_since
from {{ ref('int_assessment') }}
