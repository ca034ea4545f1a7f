select
    as_of::date as as_of,
    has_full_delivery::boolean as has_full_delivery,
    extracted_on::date as extracted_on
from {{ jds('run') }}
