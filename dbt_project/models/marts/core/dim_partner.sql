select
    partner_id,
    office_id,
    name,
    partner_type
from {{ ref('int_partner_row') }}
where bucket = 'out'
order by partner_id
