-- Counts for the checks of the marts and of what is odd but kept. n_checked and n_failed are rows, never values.
with

episode_checks as (
    select
        count(*) as n_rows,
        count(*) - count(distinct episode_key) as grain,
        count(*) filter (
            where entry_day < 0 or exit_day < 0 or exit_day > as_of_day or restored_left_day >= restored_right_day
        ) as days_ordered,
        count(*) filter (
            where
            (event = 1) != (restored_right_day is not null)
            or (event = 0 and outcome != 'open')
            or (event = 2 and outcome not in ('lost_contact', 'withdrew'))
        ) as event_rule,
        count(*) filter (where outcome = 'restored' and event != 1) as restored_unseen,
        count(*) filter (where outcome = 'restored') as n_closed_restored,
        coalesce(median(exit_day) not between 30 and 1500, false)::integer as median_stay
    from {{ ref('fct_episode') }}
),

assessments as (
    select assessments.*, instrument.scale_min, instrument.scale_max, instrument.restoration_cutoff
    from {{ ref('fct_assessment') }} as assessments
    cross join {{ ref('int_instrument') }} as instrument
),

assessment_checks as (
    select
        count(*) as n_rows,
        count(*) - count(distinct assessment_key) as grain,
        coalesce(sum(n_scored + n_not_applicable + n_missing), 0) as n_items,
        count(*) filter (where is_restored and least(saf, leg, men, eco, soc, phy) < restoration_cutoff - 1e-9) as restored_rule,
        count(*) filter (
            where
            coalesce(
                least(saf, leg, men, eco, soc, phy, total) < scale_min
                or greatest(saf, leg, men, eco, soc, phy, total) > scale_max,
                false
            )
            or n_missing < 0
        ) as means_in_range,
        count(*) filter (
            where
            {{ stage_disagrees() }}
        ) as stage_disagrees,
        count(*) - count(distinct row(episode_key, day)) as two_on_a_day
    from assessments
),

-- A version is unseen when no earlier release held it; the first night has nothing to compare with.
known_versions as (
    select key as instrument_version from {{ jds('known_keys') }} where table_name = 'instrument_versions'
),

unseen_versions as (
    select
        count(*) as n_rows,
        count(*) filter (where known.instrument_version is null) as unseen
    from {{ ref('fct_assessment') }} as assessments
    left join known_versions as known on assessments.instrument_version = known.instrument_version
    where exists (select 1 from known_versions)
),

late_assessments as (
    select
        count(*) as n_rows,
        count(*) filter (where assessments.day - episodes.exit_day > 36 * {{ definition('month_days') }}) as over_36_months
    from {{ ref('fct_assessment') }} as assessments
    inner join {{ ref('fct_episode') }} as episodes on assessments.episode_key = episodes.episode_key
),

timeline_checks as (
    select
        count(*) as n_rows,
        count(*) - count(distinct timeline.service_key) as grain,
        count(*) filter (where timeline.day > episodes.exit_day) as after_exit,
        count(*) filter (where timeline.day - episodes.exit_day > 36 * {{ definition('month_days') }}) as over_36_months,
        count(*) filter (where timeline.is_delivered and timeline.day is null) as without_date,
        count(*) filter (where timeline.partner_id is not null and partners.partner_id is null) as unknown_partner
    from {{ ref('timeline') }} as timeline
    inner join {{ ref('fct_episode') }} as episodes on timeline.episode_key = episodes.episode_key
    left join {{ ref('dim_partner') }} as partners on timeline.partner_id = partners.partner_id
),

episode_rows as (
    select
        count(*) as n_rows,
        count(*) filter (
            where episodes.left_on is null and episodes.exit_date is null and episodes.closure_code is not null
        ) as open_with_reason,
        count(*) filter (where episodes.exit_date > run.as_of) as exit_after_as_of,
        count(*) filter (where offices.office_id is null) as unknown_office
    from {{ ref('int_episode_row') }} as episodes
    cross join {{ ref('int_run') }} as run
    left join {{ ref('dim_office') }} as offices on episodes.office_id = offices.office_id
    where episodes.bucket in ('out', 'collapsed') and episodes.duplicate_rule is null
),

stays as (
    select
        intake_date,
        max(coalesce(left_on, 'infinity'::date)) over (
            partition by survivor_key order by intake_date, episode_key rows between unbounded preceding and 1 preceding
        ) as earlier_left_on
    from {{ ref('int_episode') }}
),

overlapping_stays as (
    select count(*) as n_rows, count(*) filter (where intake_date < earlier_left_on) as overlapping
    from stays
),

consents as (
    select
        count(*) as n_rows,
        count(*) filter (where consent_analytics is null) as consent_missing
    from {{ ref('int_survivor_row') }}
    where duplicate_rule is null
),

-- Nobody whose bucket is excluded may be in a mart.
excluded_people as (
    select count(*) as n_rows, count(excluded.person_key) as n_failed
    from {{ ref('fct_episode') }} as episodes
    left join (select distinct person_key from {{ ref('int_survivor_row') }} where bucket = 'excluded') as excluded
        on episodes.survivor_key = excluded.person_key
),

grains as (
    select 'aso.snapshot.grain' as check_id, count(*) as n_checked, count(*) - count(distinct row(episode_key, stage)) as n_failed
    from {{ ref('snapshot') }}
    union all
    select 'services.episode_month.grain' as check_id, count(*) as n_checked, count(*) - count(distinct row(episode_key, month)) as n_failed
    from {{ ref('episode_month') }}
    union all
    -- One row per assessment and item that counts on its day: as many as the forms count, no more and no less.
    select
        'aso.fct_score.grain' as check_id,
        count(*) as n_checked,
        abs(count(*) - (select forms.n_items from assessment_checks as forms)) as n_failed
    from {{ ref('fct_score') }}
),

counts as (
    select 'core.fct_episode.grain' as check_id, n_rows as n_checked, grain as n_failed from episode_checks
    union all
    select 'core.fct_episode.not_empty' as check_id, 1 as n_checked, (n_rows = 0)::integer as n_failed from episode_checks
    union all
    select 'core.fct_episode.days_ordered' as check_id, n_rows as n_checked, days_ordered as n_failed from episode_checks
    union all
    select 'core.fct_episode.event_rule' as check_id, n_rows as n_checked, event_rule as n_failed from episode_checks
    union all
    select 'core.fct_episode.median_stay' as check_id, 1 as n_checked, median_stay as n_failed from episode_checks
    union all
    select 'restored_unseen' as check_id, n_closed_restored as n_checked, restored_unseen as n_failed from episode_checks
    union all
    select 'aso.fct_assessment.grain' as check_id, n_rows as n_checked, grain as n_failed from assessment_checks
    union all
    select 'aso.fct_assessment.means_in_range' as check_id, n_rows as n_checked, means_in_range as n_failed from assessment_checks
    union all
    select 'aso.fct_assessment.restored_rule' as check_id, n_rows as n_checked, restored_rule as n_failed from assessment_checks
    union all
    select 'aso_assessments.stage_disagrees' as check_id, n_rows as n_checked, stage_disagrees as n_failed from assessment_checks
    union all
    select 'aso_assessments.two_on_a_day' as check_id, n_rows as n_checked, two_on_a_day as n_failed from assessment_checks
    union all
    select 'aso_assessments.over_36_months_after_exit' as check_id, n_rows as n_checked, over_36_months as n_failed from late_assessments
    union all
    select 'aso_assessments.unseen_instrument_version' as check_id, n_rows as n_checked, unseen as n_failed from unseen_versions
    union all
    select 'services.timeline.grain' as check_id, n_rows as n_checked, grain as n_failed from timeline_checks
    union all
    select 'services.after_exit' as check_id, n_rows as n_checked, after_exit as n_failed from timeline_checks
    union all
    select 'services.over_36_months_after_exit' as check_id, n_rows as n_checked, over_36_months as n_failed from timeline_checks
    union all
    select 'services.delivered_without_date' as check_id, n_rows as n_checked, without_date as n_failed from timeline_checks
    union all
    select 'reference.unknown_partner' as check_id, n_rows as n_checked, unknown_partner as n_failed from timeline_checks
    union all
    select 'reference.unknown_office' as check_id, n_rows as n_checked, unknown_office as n_failed from episode_rows
    union all
    select 'aftercare_episodes.open_with_reason' as check_id, n_rows as n_checked, open_with_reason as n_failed from episode_rows
    union all
    select 'aftercare_episodes.exit_after_as_of' as check_id, n_rows as n_checked, exit_after_as_of as n_failed from episode_rows
    union all
    select 'aftercare_episodes.overlapping' as check_id, n_rows as n_checked, overlapping as n_failed from overlapping_stays
    union all
    select 'survivors.consent_missing' as check_id, n_rows as n_checked, consent_missing as n_failed from consents
    union all
    select 'privacy.no_excluded_person' as check_id, n_rows as n_checked, n_failed from excluded_people
    union all
    select * from grains
)

select check_id, n_checked::bigint as n_checked, n_failed::bigint as n_failed from counts
