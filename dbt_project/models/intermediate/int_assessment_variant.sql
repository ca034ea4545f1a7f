-- What each judgeable form says of restoration where the cut-off lies one step lower or higher.
with

-- A step is the change that counts as measurable; where each item must reach the cut-off, one point of the common scale.
cutoffs as (
    select
        variant.name as variant,
        instrument.restoration_rule,
        round(
            instrument.restoration_cutoff + variant.direction * case
                when instrument.restoration_rule = 'all_items_ge_cutoff' then 1
                else {{ definition('measurable_change') }} * (instrument.scale_max - instrument.scale_min)
            end,
            9
        ) as cutoff
    from (values ('cutoff_lower', -1), ('cutoff_higher', 1)) as variant (name, direction)
    cross join {{ ref('int_instrument') }} as instrument
)

select
    cutoffs.variant,
    assessments.assessment_key,
    assessments.episode_key,
    assessments.day,
    assessments.is_of_the_day,
    {{ reaches('cutoffs.restoration_rule', 'assessments.lowest_item', 'assessments.lowest_mean', 'cutoffs.cutoff') }} as is_restored
from {{ ref('int_assessment') }} as assessments
cross join cutoffs
where assessments.is_judgeable
