{%- for name, definition in var('definitions').items() %}
select
    '{{ name }}' as name,
    {{ definition['version'] }}::integer as version,
    '{{ definition['value'] }}' as value,
    '{{ definition['since'] }}'::date as since,
    '{{ definition['text'] }}' as text
{{ "union all" if not loop.last }}
{%- endfor %}
order by name
