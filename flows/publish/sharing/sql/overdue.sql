-- One row per office: open episodes in the last quarter, and those of them whose next assessment is overdue.
select
    office_id::varchar as office_id,
    sum(n_open)::bigint as n,
    sum(n_overdue_assessments)::bigint as late
from marts.core.caseload
where quarter = (select max(quarter) from marts.core.caseload)
group by office_id
order by office_id
