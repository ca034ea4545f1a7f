{%- for table, spec in source_rows().items() %}
select
    '{{ table }}' as source_table,
    rule,
    count(*)::bigint as n_rows
from {{ ref(spec[0]) }}
where bucket = 'quarantined'
group by rule
{{ "union all" if not loop.last }}
{%- endfor %}
order by source_table, rule
