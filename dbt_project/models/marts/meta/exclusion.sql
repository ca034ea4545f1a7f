with

excluded as (
    select count(distinct person_key) as n_survivors
    from {{ ref('int_survivor_row') }}
    where bucket = 'excluded'
)

select
    'no_consent' as reason,
    (5 * round(n_survivors / 5.0))::integer as n_survivors_rounded
from excluded
union all
select
    'erased' as reason,
    0::integer as n_survivors_rounded
order by reason
