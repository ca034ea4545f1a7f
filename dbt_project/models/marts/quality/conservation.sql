{%- for table, spec in source_rows().items() %}
select
    '{{ table }}' as source_table,
    (select count(*) from {{ ref('stg_jds__' ~ table) }})::bigint as n_in,
    (count(*) filter (where bucket = 'out'))::bigint as n_out,
    (count(*) filter (where bucket = 'quarantined'))::bigint as n_quarantined,
    (count(*) filter (where bucket = 'collapsed'))::bigint as n_collapsed,
    (count(*) filter (where bucket = 'tombstoned'))::bigint as n_tombstoned,
    (count(*) filter (where bucket = 'excluded'))::bigint as n_excluded
from {{ ref(spec[0]) }}
{{ "union all" if not loop.last }}
{%- endfor %}
order by source_table
