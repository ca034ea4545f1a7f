{#- The day on which the next assessment is due: at intake, six months later, then yearly. -#}
{% macro next_assessment_day(last_day) -%}
    case
        when {{ last_day }} is null then 0
        when {{ last_day }} < {{ definition('mid_target_days') }} / 2 then {{ last_day }} + {{ definition('mid_target_days') }}
        else {{ last_day }} + {{ definition('sustained_target_days') }}
    end
{%- endmacro %}

{#- Whether the stage as JDS has it is another than the one that dates give. -#}
{% macro stage_disagrees() -%}
    stage_raw is not null
    and case stage_raw
        when 'initial' then stage != 'initial'
        when 'final' then stage != 'end'
        when 'follow_up' then stage not in ('sustained', 'interim')
        else stage not in ('mid', 'interim')
    end
{%- endmacro %}

{#- The columns whose codes are compared with those of recent nights: name for people -> [table, column]. -#}
{% macro distributions() -%}
    {{ return({
        'survivors.gender': ['survivors', 'gender'],
        'cases.casework_type': ['cases', 'casework_type'],
        'aftercare_episodes.office': ['aftercare_episodes', 'office_id'],
        'aftercare_episodes.status': ['aftercare_episodes', 'status'],
        'aftercare_episodes.closure_reason': ['aftercare_episodes', 'closure_code'],
        'aso_assessments.stage': ['aso_assessments', 'stage_raw'],
        'aso_assessments.setting': ['aso_assessments', 'setting'],
        'aso_scores.score': ['aso_scores', 'score'],
        'community_events.event_type': ['community_events', 'event_type'],
        'health_services.service_type': ['health_services', 'service_type'],
        'health_services.status': ['health_services', 'status'],
        'legal_proceedings.event_type': ['legal_proceedings', 'event_type'],
        'support_services.service_category': ['support_services', 'service_category'],
        'support_services.status': ['support_services', 'status'],
    }) }}
{%- endmacro %}
