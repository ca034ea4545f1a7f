-- What the expectations judge: one row per check.
select * from {{ ref('int_check_source') }}
union all
select * from {{ ref('int_check_mart') }}
