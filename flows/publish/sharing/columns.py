"""The tables of `share/`: their columns in order, and what a reader must know of each. docs/share.md is made from it."""

EPISODES = ("office", "casework_type", "outcome", "age_band", "gender")

_COLUMNS = {
    **{f"episodes_by_{name}": "group label n_episodes percent status" for name in EPISODES},
    "curves": (
        "curve_name stratum stratum_value label state month estimate_percent lower_percent upper_percent n_at_risk "
        "method status"
    ),
    "optimal_time": (
        "question stratum stratum_value label estimate_months lower_months upper_months set_months n status reason "
        "definition_version"
    ),
    "history": (
        "release_id as_of measure stratum stratum_value estimate lower upper n definition_version is_break status"
    ),
    "risk_indicators": (
        "outcome code label domain_code importance lower upper rank_low rank_high direction selection_percent"
    ),
    "model_metrics": "model_name model_id metric split estimate lower upper n status",
    "model_cards": "model_name model_id trained_as_of is_champion reason",
    "fairness": "model_id group_kind group_value metric estimate lower upper n n_positive status",
    "service_effects": (
        "question strategy comparator contrast horizon_months estimate lower upper effective_n status reason wording"
    ),
    "service_descriptions": (
        "measure category stratum stratum_value label month estimate lower_quartile upper_quartile n status"
    ),
    "offices": "office_id label measure n observed expected ratio lower upper shrunken status reason",
    "partners": "partner_id label measure n observed expected ratio lower upper shrunken status reason",
    "training_needs": (
        "partner_id label kind code measure n observed expected ratio lower upper probability_below n_trainings "
        "last_training_quarter status reason"
    ),
    "trainings": "partner_id label topic n_trainings last_training_quarter",
    "domain_changes": (
        "domain_code stratum stratum_value label n percent_measurable percent_substantial percent_worse mean_initial "
        "mean_latest status"
    ),
    "changes": "table measure before after cause status",
    "quality": "office_id label measure n percent status",
    "checks_summary": "severity status n_checks",
    "checks_spoken": "check_id family table_name status threshold because",
    "exclusions": "reason n_survivors status",
    "definitions": "name version value since",
}

COLUMNS: dict[str, tuple[str, ...]] = {table: tuple(columns.split()) for table, columns in _COLUMNS.items()}

COUNTS = ("n_episodes", "n_at_risk", "n", "n_positive", "effective_n", "n_survivors")
"""Columns that count people or their stays: rounded, never small, wherever they stand."""

_EPISODES = (
    "One row per group, and `all`. Counts of aftercare episodes, with consent only. Hidden: groups of fewer people than the "
    "threshold, and more so that totals do not give them away. Rounded to 5; percent from rounded counts."
)

CAVEATS = {
    **dict.fromkeys((f"episodes_by_{name}" for name in EPISODES), _EPISODES),
    "curves": "One row per curve, group, state and month, six months apart. A step waits until it stands for six people, and "
    "until six are left; `in_care` is what the others leave. At-risk counts of all survivors together only, rounded to 5: a shown "
    "month of a group has at least the threshold at risk.",
    "optimal_time": "One row per question and group, in whole months. n: stays behind the answer, rounded to 5. Where no best "
    "time can be told the status says why.",
    "history": "One row per measure and group, of the first release of each month. n rounded to 5. A break: what is measured was "
    "defined otherwise before.",
    "risk_indicators": "What helps to predict, never what causes. No row is about a person.",
    "model_metrics": "One row per model, metric and part of the data. n rounded to 5; hidden where few people are behind it.",
    "model_cards": "One row per model: when it was trained, whether it is in use, and why. Not about a person.",
    "fairness": "One row per model, group and metric. A group's numbers are hidden where it, or those with or without the outcome "
    "in it, are few; more are hidden so that totals do not give them away.",
    "service_effects": "One row per comparison of two ways to serve. The effective number rounded to 5; hidden where it is small. "
    "A refusal is an answer.",
    "service_descriptions": "What was delivered and when; never what it did. A middle half is given where four thresholds of "
    "people are behind it, a share where neither part is small.",
    "offices": "Observed against what is expected for the case mix; not a ranking. Shares come from rounded parts; where observed "
    "is hidden so is all that would tell it.",
    "partners": "As offices, for each partner. Partners of a hidden office are hidden.",
    "training_needs": "Where a partner's outcomes or records say that training may help, beside the trainings it had. About "
    "partners with enough survivors only; a reason to talk, not a verdict.",
    "trainings": "Trainings that partners had, by topic: counts of trainings, not of people.",
    "domain_changes": "Change from the first assessment to the latest, by domain. Percent from rounded parts, of those assessed "
    "twice; shares of few people are hidden, and more so that others do not give them away.",
    "changes": "What this release says otherwise than the last one of the month before. Made of published numbers alone.",
    "quality": "How complete the records are, by office. Percent from rounded parts; hidden where few records are complete, or "
    "few are not.",
    "checks_summary": "How many checks of the data ended how. Not numbers of people.",
    "checks_spoken": "The checks that found more than they allow, by name; how much they found is not said.",
    "exclusions": "Survivors who are in no table, rounded to 5.",
    "definitions": "The definitions in force, with their versions.",
}
