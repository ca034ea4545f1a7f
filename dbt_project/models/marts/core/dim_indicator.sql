select
    indicator_code,
    domain_code,
    label,
    score_min,
    score_max,
    direction,
    align_offset,
    align_factor,
    valid_from,
    valid_to
from {{ ref('int_indicator') }}
order by indicator_code
