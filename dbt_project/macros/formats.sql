{#- Age band of the contract from an age in whole years; an age nobody has is unknown. -#}
{% macro age_band(age) -%}
    case
        when {{ age }} is null or {{ age }} not between 0 and 110 then 'unknown'
        when {{ age }} <= 11 then '0-11'
        when {{ age }} <= 17 then '12-17'
        when {{ age }} <= 24 then '18-24'
        when {{ age }} <= 34 then '25-34'
        when {{ age }} <= 49 then '35-49'
        else '50+'
    end
{%- endmacro %}

{#- Quarter of a date as 2026Q3. -#}
{% macro quarter(date) -%}
    year({{ date }})::varchar || 'Q' || quarter({{ date }})::varchar
{%- endmacro %}

{#- A quarter as year * 4 + quarter - 1, so that quarters are whole numbers one apart. -#}
{% macro quarter_number(date) -%}
    (year({{ date }}) * 4 + quarter({{ date }}) - 1)
{%- endmacro %}

{#- The twelve categories of services.timeline, in contract order. -#}
{% macro service_categories() -%}
    {{ return(['community', 'health', 'legal', 'case_management', 'shelter', 'education', 'livelihood', 'basic_needs',
               'family_reintegration', 'safety_planning', 'referral', 'other']) }}
{%- endmacro %}

{#- The twelve source tables with the intermediate model that holds each of their rows, and the primary key. -#}
{% macro source_rows() -%}
    {{ return({
        'offices': ['int_office_row', 'office_id'],
        'partners': ['int_partner_row', 'partner_id'],
        'partner_trainings': ['int_training_row', 'training_id'],
        'survivors': ['int_survivor_row', 'survivor_key'],
        'cases': ['int_case_row', 'case_key'],
        'aftercare_episodes': ['int_episode_row', 'episode_key'],
        'aso_assessments': ['int_assessment_row', 'assessment_key'],
        'aso_scores': ['int_score_row', 'assessment_key'],
        'community_events': ['int_community_row', 'attendance_key'],
        'health_services': ['int_health_row', 'health_service_key'],
        'legal_proceedings': ['int_legal_row', 'proceeding_key'],
        'support_services': ['int_support_row', 'support_service_key'],
    }) }}
{%- endmacro %}

{#- A date of the work; one that stands for unknown (1900-01-01) is none. -#}
{% macro plausible_date(column) -%}
    case when {{ column }} > '{{ definition('earliest_plausible_date') }}'::date then {{ column }} end
{%- endmacro %}

{#- The names of the columns that could not be read, with those of these dates that stand for none, which are marked as such. -#}
{% macro unreadable_with_dates(columns) -%}
    nullif(concat_ws(',', unreadable
        {%- for column in columns %}, case when {{ column }} <= '{{ definition('earliest_plausible_date') }}'::date then '{{ column }}:placeholder' end{% endfor -%}
    ), '')
{%- endmacro %}
