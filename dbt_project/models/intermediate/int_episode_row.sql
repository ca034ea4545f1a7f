{%- set earliest = "'" ~ definition('earliest_plausible_date') ~ "'::date" -%}
with

{{ with_duplicates(ref('stg_jds__aftercare_episodes'), ['episode_key']) }},

joined as (
    select
        all_rows.* exclude (survivor_key),
        coalesce(person.person_key, all_rows.survivor_key) as survivor_key,
        person.bucket as survivor_bucket,
        case_fate.bucket as case_bucket,
        run.as_of,
        coalesce(list_has_any(string_split(all_rows.unreadable, ','), ['intake_date', 'exit_date']), false) as has_unreadable_date
    from all_rows
    left join {{ ref('int_survivor_fate') }} as person on all_rows.survivor_key = person.survivor_key
    left join {{ ref('int_case_fate') }} as case_fate on all_rows.case_key = case_fate.case_key
    cross join {{ ref('int_run') }} as run
),

ruled as (
    select
        *,
        case
            when duplicate_rule = 'conflict' then 'duplicate_conflict'
            when episode_key is null then 'missing_key'
            when survivor_bucket is null or case_bucket is null then 'orphan'
            when has_unreadable_date or intake_date <= {{ earliest }} then 'impossible_date'
            when intake_date is null then 'missing_intake'
            when intake_date > as_of then 'intake_after_as_of'
            when exit_date < intake_date then 'exit_before_intake'
            when status = 'closed' and exit_date is null then 'closed_without_exit'
            when survivor_bucket = 'quarantined' or case_bucket = 'quarantined' then 'parent_quarantined'
        end as rule
    from joined
),

bucketed as (
    select
        * exclude (as_of, has_unreadable_date),
        -- An exit after as_of has not happened yet.
        case when exit_date <= as_of then exit_date end as left_on,
        {{ bucket("is_deleted or coalesce(survivor_bucket = 'tombstoned', false) or coalesce(case_bucket = 'tombstoned', false)",
                  "coalesce(survivor_bucket = 'excluded', false)", 'rule') }} as first_bucket
    from ruled
),

candidates as (
    select
        *,
        -- Of two intakes of one day the one that has ended comes first, whatever their keys.
        row_number() over (partition by survivor_key, case_key order by intake_date, left_on nulls last, episode_key) as intake_number
    from bucketed
    where duplicate_rule is null and not is_deleted and coalesce(rule, 'parent_quarantined') = 'parent_quarantined'
),

-- Rows with a fault of their own neither continue an episode nor are continued.
continued as (
    select
        later.episode_key,
        max_by(earlier.episode_key, (earlier.left_on, earlier.intake_number)) as previous_key
    from candidates as later
    inner join candidates as earlier
        on
            later.survivor_key = earlier.survivor_key
            and later.case_key = earlier.case_key
            and later.intake_number > earlier.intake_number
            and later.intake_date >= earlier.left_on
            and later.intake_date <= earlier.left_on + {{ definition('continuation_days') }}
    group by later.episode_key
),

final as (
    select
        bucketed.* exclude (first_bucket, survivor_bucket, case_bucket),  -- noqa: RF02
        continued.previous_key,
        case when continued.previous_key is not null then 'collapsed' else bucketed.first_bucket end as bucket
    from bucketed
    left join continued on case when bucketed.duplicate_rule is null then bucketed.episode_key end = continued.episode_key
)

select * from final
