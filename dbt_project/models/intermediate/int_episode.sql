-- One row per aftercare episode, with its dates: the only place that knows them. Marts hold days since intake.
with

members as (
    select
        episodes.*,
        fate.root_episode_key
    from {{ ref('int_episode_row') }} as episodes
    inner join {{ ref('int_episode_fate') }} as fate on episodes.episode_key = fate.episode_key
    where
        fate.bucket = 'out'
        and episodes.bucket in ('out', 'collapsed')
        and coalesce(episodes.duplicate_rule, '') = ''
),

firsts as (
    select * from members where episode_key = root_episode_key
),

-- The last intake of a continued episode says how and when it ended.
lasts as (
    select *
    from members
    qualify row_number() over (partition by root_episode_key order by intake_date desc, left_on desc nulls first, episode_key desc) = 1
),

survivors as (
    select survivor_key, gender, birth_year, household_key
    from {{ ref('int_survivor_row') }}
    where bucket = 'out'
),

cases as (
    select case_key, casework_type, operation_key
    from {{ ref('int_case_row') }}
    where bucket = 'out'
),

offices as (
    select office_id, recording_started_on
    from {{ ref('int_office_row') }}
    where bucket = 'out'
),

joined as (
    select
        firsts.episode_key,
        firsts.survivor_key,
        firsts.case_key,
        survivors.household_key,
        cases.operation_key,
        firsts.office_id,
        firsts.partner_id,
        cases.casework_type,
        survivors.gender,
        year(firsts.intake_date) - survivors.birth_year as age,
        firsts.rescue_date,
        firsts.intake_date,
        lasts.left_on,
        lasts.status,
        lasts.closure_code,
        offices.recording_started_on,
        run.as_of,
        datediff('day', firsts.intake_date, lasts.left_on) as exit_day,
        datediff('day', firsts.intake_date, run.as_of) as as_of_day
    from firsts
    inner join lasts on firsts.episode_key = lasts.root_episode_key
    inner join survivors on firsts.survivor_key = survivors.survivor_key
    inner join cases on firsts.case_key = cases.case_key
    left join offices on firsts.office_id = offices.office_id
    cross join {{ ref('int_run') }} as run
)

select
    *,
    row_number() over (partition by survivor_key order by intake_date, episode_key) as episode_number
from joined
