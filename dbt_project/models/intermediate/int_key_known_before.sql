{%- set keys = {
    'offices': 'office_id', 'partners': 'partner_id', 'partner_trainings': 'training_id', 'survivors': 'survivor_key', 'cases': 'case_key',
    'aftercare_episodes': 'episode_key', 'aso_assessments': 'assessment_key', 'community_events': 'attendance_key',
    'health_services': 'health_service_key', 'legal_proceedings': 'proceeding_key', 'support_services': 'support_service_key',
} -%}
with

known as (
    select * from {{ jds('known_keys') }}
),

{% for table, key in keys.items() %}
{{ table }}_before as (
    select
        known.table_name,
        known.key,
        known.was_gone,
        not exists (select 1 from {{ ref('stg_jds__' ~ table) }} as present where present.{{ key }} = known.key) as is_gone
    from known
    where known.table_name = '{{ table }}'
),

{% endfor %}
known_before as (
    {% for table in keys %}
    select * from {{ table }}_before
    {{ "union all" if not loop.last }}
    {% endfor %}
)

select * from known_before
