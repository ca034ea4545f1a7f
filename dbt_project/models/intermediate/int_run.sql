select
    as_of::date as as_of,
    has_full_delivery::boolean as has_full_delivery
from {{ jds('run') }}
