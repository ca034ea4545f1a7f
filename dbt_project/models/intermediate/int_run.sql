select as_of::date as as_of
from {{ jds('run') }}
