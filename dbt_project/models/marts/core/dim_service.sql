select
    service_code,
    category,
    label
from {{ ref('services') }}
order by service_code
