-- Counts for the checks that are the same for every source table. n_checked and n_failed are rows, never values.
{%- set codes = {
    'survivors': [['gender', 'gender_raw']],
    'cases': [['casework_type', 'casework_type_raw']],
    'aftercare_episodes': [['status', 'status_raw'], ['closure_reason', 'closure_code_raw']],
    'aso_assessments': [['stage', 'stage_as_delivered'], ['setting', 'setting_raw']],
    'community_events': [['event_type', 'event_type_raw'], ['role', 'role_raw']],
    'health_services': [['service_type', 'service_type_raw'], ['status', 'status_raw']],
    'legal_proceedings': [['event_type', 'event_type_raw']],
    'support_services': [['service_category', 'service_category_raw'], ['status', 'status_raw']],
    'partners': [['partner_type', 'partner_type_raw']],
    'partner_trainings': [['topic', 'topic_raw']],
} -%}
{%- set child_tables = ['aftercare_episodes', 'aso_assessments', 'aso_scores', 'community_events', 'health_services', 'legal_proceedings',
                        'support_services', 'partner_trainings', 'partners'] -%}
{%- set rules = {
    'aftercare_episodes': ['exit_before_intake', 'intake_after_as_of', 'impossible_date', 'missing_intake', 'closed_without_exit'],
    'aso_assessments': ['before_window', 'after_as_of', 'missing_date'],
    'aso_scores': ['unknown_indicator', 'indicator_not_valid', 'score_domain'],
    'community_events': ['after_as_of'], 'health_services': ['after_as_of'], 'legal_proceedings': ['after_as_of'],
    'support_services': ['after_as_of'], 'survivors': ['merged_into_missing', 'merge_cycle'],
} %}
with

{% for table, spec in source_rows().items() -%}
{{ table }}_counts as (
    select
        count(*) as n_rows,
        count(*) filter (where duplicate_rule = 'exact') as duplicate_exact,
        count(*) filter (where duplicate_rule = 'superseded') as duplicate_superseded,
        count(*) filter (where duplicate_rule = 'conflict') as duplicate_conflict,
        count(*) filter (where rule = 'missing_key') as missing_key,
        {%- for name, column in codes.get(table, []) %}
        count(*) filter (where {{ column }} like '#%') as code_{{ name }},
        {%- endfor %}
        {%- for rule in (['orphan'] if table in child_tables else []) + rules.get(table, []) %}
        count(*) filter (where bucket = 'quarantined' and rule = '{{ rule }}') as rule_{{ rule }},
        {%- endfor %}
        count(*) filter (where unreadable is not null) as unreadable
    from {{ ref(spec[0]) }}
),

-- Of the column with most of them: many of one column hold the run, some of each do not, and dates that stand for none never do.
{{ table }}_worst as (
    select coalesce(max(n_rows), 0) as unreadable
    from (
        select name, count(*) as n_rows
        from (select unnest(string_split(unreadable, ',')) as name from {{ ref(spec[0]) }} where unreadable is not null)
        where not ends_with(name, ':placeholder')
        group by name
    )
),

{% endfor -%}
counted as (
    {%- for table, spec in source_rows().items() %}
    {%- for name in ['duplicate_exact', 'duplicate_superseded', 'duplicate_conflict', 'missing_key', 'unreadable'] %}
    select '{{ table }}.{{ name }}' as check_id, n_rows as n_checked, {{ name }} as n_failed from {{ table }}_counts
    union all
    {%- endfor %}
    {%- for name, column in codes.get(table, []) %}
    {%- set check_id = 'unmapped_closure' if name == 'closure_reason' else table ~ '.' ~ name ~ '.unknown_code' %}
    select '{{ check_id }}' as check_id, n_rows as n_checked, code_{{ name }} as n_failed from {{ table }}_counts
    union all
    select '{{ table }}.{{ name }}.unknown_code.hold' as check_id, n_rows as n_checked, code_{{ name }} as n_failed from {{ table }}_counts
    union all
    {%- endfor %}
    {%- for rule in (['orphan'] if table in child_tables else []) + rules.get(table, []) %}
    select '{{ table }}.{{ rule }}' as check_id, n_rows as n_checked, rule_{{ rule }} as n_failed from {{ table }}_counts
    union all
    {%- if rule in ['orphan', 'after_as_of', 'intake_after_as_of'] %}
    {%- set can_hold = 'has_full_delivery' if rule == 'orphan' else 'extracted_on <= run.as_of' %}
    -- Before a full delivery has come a parent may still be on its way; for a date in the past there is much that lies after it.
    select
        '{{ table }}.{{ rule }}.hold' as check_id,
        case when run.{{ can_hold }} then counts.n_rows else 0 end as n_checked,
        case when run.{{ can_hold }} then counts.rule_{{ rule }} else 0 end as n_failed
    from {{ table }}_counts as counts
    cross join {{ ref('int_run') }} as run
    {%- else %}
    select '{{ table }}.{{ rule }}.hold' as check_id, n_rows as n_checked, rule_{{ rule }} as n_failed from {{ table }}_counts
    {%- endif %}
    union all
    {%- endfor %}
    select '{{ table }}.missing_key.hold' as check_id, n_rows as n_checked, missing_key as n_failed from {{ table }}_counts
    union all
    select '{{ table }}.unreadable.hold' as check_id, counts.n_rows as n_checked, worst.unreadable as n_failed
    from {{ table }}_counts as counts
    cross join {{ table }}_worst as worst
    {{ "union all" if not loop.last }}
    {%- endfor %}
),

conserved as (
    select
        source_table || '.conservation' as check_id,
        n_in as n_checked,
        abs(n_in - n_out - n_quarantined - n_collapsed - n_tombstoned - n_excluded) as n_failed
    from {{ ref('conservation') }}
),

keys_before as (
    select
        table_name || '.mass_delete' as check_id,
        count(*) filter (where not was_gone) as n_checked,
        count(*) filter (where not was_gone and is_gone) as n_failed
    from {{ ref('int_key_known_before') }}
    group by table_name
),

deleted as (
    {%- for table in source_rows() %}
    {%- if table == 'aso_scores' %}
    -- Scores are deleted with their assessments.
    select 'aso_scores.mass_delete' as check_id, coalesce(max(n_checked), 0) as n_checked, coalesce(max(n_failed), 0) as n_failed
    from keys_before
    where check_id = 'aso_assessments.mass_delete'
    {%- else %}
    select '{{ table }}.mass_delete' as check_id, coalesce(max(n_checked), 0) as n_checked, coalesce(max(n_failed), 0) as n_failed
    from keys_before
    where check_id = '{{ table }}.mass_delete'
    {%- endif %}
    {{ "union all" if not loop.last }}
    {%- endfor %}
)

select check_id, n_checked::bigint as n_checked, n_failed::bigint as n_failed from counted
union all
select check_id, n_checked::bigint as n_checked, n_failed::bigint as n_failed from conserved
union all
select check_id, n_checked::bigint as n_checked, n_failed::bigint as n_failed from deleted
