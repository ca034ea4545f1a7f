-- What the expectations judge: one row per check.
{%- for model in ['int_check_source', 'int_check_mart', 'int_check_record', 'int_check_office', 'int_check_recent'] %}
select * from {{ ref(model) }}
{{ "union all" if not loop.last }}
{%- endfor %}
