"""What may not stand in outcomes.office, outcomes.partner and outcomes.training_need; and why, for the estimates door."""

OFFICE, PARTNER, NEED = "outcomes.office", "outcomes.partner", "outcomes.training_need"
_SAID = "status in ('strength', 'as_expected', 'below')"
_MEASURES = "'restored_24m', 'lost_12m', 'days_to_first_service', 'aso_completeness'"
_NUMBERS = ("observed", "expected", "ratio", "lower", "upper")


def _broken(*columns: str) -> str:
    """True when any of the columns is infinite or NaN."""
    return " or ".join(f"coalesce(not isfinite({column}::double), false)" for column in columns)


def _missing(*columns: str) -> str:
    return " or ".join(f"{column} is null" for column in columns)


def _compared(table: str) -> list[tuple[str, str, str, str]]:
    limits = ("shrunken_lower", "shrunken_upper", "limit_low_95", "limit_high_95", "limit_low_998", "limit_high_998")
    return [
        (table, "limits_finite", _broken(*limits), "true"),
        (table, "status_known", "coalesce(status not in ('estimated', 'refused', 'insufficient'), true)", "true"),
        (table, "measure_known", f"coalesce(measure not in ({_MEASURES}) and measure not like 'gain\\__%' escape '\\', true)", "true"),
        (table, "answer_or_reason", f"reason is null or (status = 'estimated' and ({_missing(*_NUMBERS, 'shrunken')}))", "true"),
        (table, "refused_says_nothing", f"not ({_missing(*_NUMBERS[2:3])})", "status != 'estimated'"),
        (table, "large_enough", "n < 11", "status = 'estimated'"),
        (table, "expected_enough", "expected < 5 - 1e-9", "status = 'estimated' and measure in ('restored_24m', 'lost_12m')"),
        (table, "ratio_in_interval", "lower > ratio + 1e-9 or ratio > upper + 1e-9", "true"),
        (table, "shrunken_in_interval", "shrunken_lower > shrunken + 1e-9 or shrunken > shrunken_upper + 1e-9", "true"),
        (table, "limits_nested", "limit_low_998 > limit_low_95 + 1e-9 or limit_high_95 > limit_high_998 + 1e-9", "true"),
    ]  # fmt: skip


RULES: list[tuple[str, str, str, str]] = [
    *_compared(OFFICE),
    *_compared(PARTNER),
    (NEED, "finite", _broken(*_NUMBERS, "probability_below"), "true"),
    (NEED, "interval_ordered", "lower > upper + 1e-9", "true"),
    (NEED, "probability_in_unit", "not (probability_below between -1e-9 and 1 + 1e-9)", "true"),
    (NEED, "status_known", f"coalesce(not ({_SAID} or status in ('insufficient', 'refused')), true)", "true"),
    (NEED, "answer_or_reason", f"reason is null or ({_SAID} and ({_missing(*_NUMBERS, 'probability_below')}))", "true"),
    (NEED, "large_enough", "n < 11", _SAID),
    (
        NEED,
        "trainings_counted",
        "n_trainings is null or n_trainings < (last_training_quarter is not null)::integer",
        "true",
    ),
]

GRAIN = {
    OFFICE: "office_id, measure",
    PARTNER: "partner_id, measure",
    NEED: "partner_id, kind, code, measure",
}


def _of_each(name: str, because: str) -> dict[str, str]:
    return {f"{table}.{name}": because for table in (OFFICE, PARTNER)}


NUMBERS = {
    f"{NEED}.finite": "A need that rests on an infinite number is no finding about a partner.",
    **_of_each("limits_finite", "A funnel with an infinite limit lets anything pass."),
}
INTERVALS = {
    f"{NEED}.interval_ordered": "An interval whose ends are swapped would single out a partner wrongly.",
    **_of_each("limits_nested", "The 99.8 % limits lie outside the 95 % ones, or one of them is wrong."),
}
CODES = {
    **_of_each("status_known", "A status that is not promised could pass for a comparison."),
    **_of_each("measure_known", "A measure that is not promised has no unit that a reader knows."),
    f"{NEED}.status_known": "A status that is not promised could pass for a need.",
}
SIZES = {
    **_of_each("large_enough", "Fewer than eleven people are too few to compare, and could be recognised."),
    **_of_each("expected_enough", "With fewer than five expected, one person more or less decides."),
    **_of_each("refused_says_nothing", "A ratio beside a refusal would be read all the same."),
    f"{NEED}.large_enough": "Fewer than eleven people are too few to speak of a need, and could be recognised.",
}
GRAINS = {f"{table}.grain": "Two answers about one measure leave the reader to choose." for table in GRAIN}
SHAPES = {
    **_of_each("ratio_in_interval", "A ratio lies inside its own interval, or one of the three is wrong."),
    **_of_each("shrunken_in_interval", "A shrunken ratio lies inside its own interval, or one of the three is wrong."),
    f"{NEED}.probability_in_unit": "A probability lies from 0 to 1.",
    f"{NEED}.trainings_counted": "A training with a date is one training at least.",
}
COMPLETE = {
    **_of_each("answer_or_reason", "Each comparison has its numbers, or the reason for having none."),
    f"{NEED}.answer_or_reason": "Each need has its numbers, or the reason for having none.",
}
