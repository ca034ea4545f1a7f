with

survivors as (
    select * from {{ ref('int_survivor_row') }} where bucket = 'out'
),

first_episodes as (
    select survivor_key, age
    from {{ ref('int_episode') }}
    where episode_number = 1
),

languages as (
    select primary_language, count(*) as n_survivors
    from survivors
    group by primary_language
)

select
    survivors.survivor_key,
    survivors.gender,
    {{ age_band('first_episodes.age') }} as age_band,
    survivors.household_key,
    case
        when survivors.primary_language is null then 'unknown'
        when languages.n_survivors < {{ definition('language_pool') }} then 'other'
        else survivors.primary_language
    end as language_group
from survivors
left join first_episodes on survivors.survivor_key = first_episodes.survivor_key
left join languages on survivors.primary_language = languages.primary_language
order by survivors.survivor_key
