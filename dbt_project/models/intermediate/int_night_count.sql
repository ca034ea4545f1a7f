-- What later nights compare with: rows of each table that stand, and of each code of a column. A release keeps these counts.
{%- for table, spec in source_rows().items() %}
select '{{ table }}.volume' as check_id, 'rows' as code, count(*)::bigint as n
from {{ ref(spec[0]) }}
where bucket = 'out'
union all
{%- endfor %}
{%- for name, place in distributions().items() %}
select '{{ name }}.distribution' as check_id, coalesce({{ place[1] }}::varchar, 'none') as code, count(*)::bigint as n
from {{ ref(source_rows()[place[0]][0]) }}
where bucket = 'out'
group by code
{{ "union all" if not loop.last }}
{%- endfor %}
