-- One row: the instrument in force, with the values of this run.
select
    instrument,
    label,
    scale_min,
    scale_max,
    ({{ of_instrument('restoration_cutoff') }})::double as restoration_cutoff,
    ({{ of_instrument('restoration_rule') }})::varchar as restoration_rule,
    ({{ of_instrument('minimum_scored_domains') }})::integer as minimum_scored_domains,
    -- A fraction such as 2/3, or a number.
    split_part({{ of_instrument('minimum_item_share') }}, '/', 1)::double
    / coalesce(try_cast(split_part({{ of_instrument('minimum_item_share') }}, '/', 2) as double), 1) as minimum_item_share
from {{ ref('instruments') }}
where instrument = '{{ var('instrument') }}'
