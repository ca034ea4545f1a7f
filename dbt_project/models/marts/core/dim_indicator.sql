select
    indicator_code,
    domain_code,
    label
from {{ ref('aso_indicators') }}
order by indicator_code
