-- The indicators of the instrument in force. A score on the common scale is align_offset + align_factor * score: linear, from the
-- worse end of the item's own scale to the better one; the score itself (0 + 1 * score) where the item has the common scale.
with

indicators as (
    select
        indicators.*,
        instruments.scale_min,
        instruments.scale_max,
        (instruments.scale_max - instruments.scale_min) / (indicators.score_max - indicators.score_min)
        * case when indicators.direction = 'higher_is_better' then 1 else -1 end as align_factor
    from {{ ref('indicators') }} as indicators
    inner join {{ ref('int_instrument') }} as instruments on indicators.instrument = instruments.instrument
)

select
    indicator_code,
    domain_code,
    label,
    score_min,
    score_max,
    direction,
    valid_from,
    valid_to,
    case when align_factor > 0 then scale_min else scale_max end - align_factor * score_min as align_offset,
    align_factor
from indicators
