{#- Schemas are used as they are named, without a prefix. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name or target.schema }}
{%- endmacro %}

{#- A landed JDS table: the raw view of the build file, or the example seed where dbt runs alone. -#}
{% macro jds(table) -%}
    {%- if target.name == 'example' -%} {{ ref('example_' ~ table) }}
    {%- else -%} {{ source('raw', table) }}
    {%- endif -%}
{%- endmacro %}

{#- The date the run is made for. Never the clock. -#}
{% macro as_of() -%}
    (select run.as_of::date from {{ jds('run') }} as run)
{%- endmacro %}

{#- An empty table with the columns its contract declares; a later stage fills it. -#}
{% macro declared_only() -%}
    select
    {%- for column in model.columns.values() %}
        cast(null as {{ column.data_type }}) as {{ column.name }}{{ "," if not loop.last }}
    {%- endfor %}
    where false
{%- endmacro %}

{#- Snapshots are dated by the run, not by the clock. By name: dbt lets the clock's macro refer to nothing, and what is snapshot depends on int_run. -#}
{% macro default__snapshot_get_time() -%}
    (select run.as_of::timestamp from intermediate.int_run as run)
{%- endmacro %}

{% macro duckdb__snapshot_get_time() -%}
    {{ default__snapshot_get_time() }}
{%- endmacro %}
