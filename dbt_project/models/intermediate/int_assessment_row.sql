{{ episode_child_rows('aso_assessments', 'assessment_key', [
    ['missing_date', 'assessed_on is null'],
    ['after_as_of', 'assessed_on > as_of'],
    ['before_window', "parent_bucket = 'out' and assessed_on < least(coalesce(rescue_date, intake_date), intake_date - "
        ~ definition('earliest_assessment_days') ~ ")"],
]) }}
