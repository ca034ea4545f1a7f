select
    office_id,
    name,
    country_code,
    region
from {{ ref('int_office_row') }}
where bucket = 'out'
order by office_id
