{#- The value of a definition: what the run gives, else what dbt_project.yml says. -#}
{% macro definition(name) -%}
    {{ var('given').get(name, var('definitions')[name])['value'] }}
{%- endmacro %}

{#- A definition that the instrument owns: what the run gives, else its column in seeds/codes/instruments.csv. -#}
{% macro of_instrument(name) -%}
    {%- if name in var('given') -%} '{{ var('given')[name]['value'] }}' {%- else -%} {{ name }} {%- endif -%}
{%- endmacro %}

{#- The definitions that the instrument owns, and what each means. -#}
{% macro instrument_definitions() -%}
    {{ return({
        'restoration_cutoff': 'value of the common scale that restoration needs',
        'restoration_rule': 'what must reach the cut-off: all_domains_ge_cutoff each scored domain mean, all_items_ge_cutoff each scored item',
        'minimum_scored_domains': 'domains that must be scored for a total and for restoration',
        'minimum_item_share': 'share of the valid items of a domain that must be scored for its mean',
    }) }}
{%- endmacro %}

{#- Whether an indicator counts on a day: valid_from is its first day, valid_to the first day after its last. -#}
{% macro valid_on(indicator, day) -%}
    ({{ indicator }}.valid_from is null or {{ day }} >= {{ indicator }}.valid_from)
    and ({{ indicator }}.valid_to is null or {{ day }} < {{ indicator }}.valid_to)
{%- endmacro %}
