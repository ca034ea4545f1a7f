"""What the frames of the comparison look like, in and out: see ml/contracts.py."""

from ml.contracts import Column, Contract

_KEY = Column("text")
_MAYBE_TEXT = Column("text", nullable=True)
_MAYBE_NUMBER = Column("number", nullable=True)

CHANGE: Contract = {
    "episode_key": _KEY,
    "domain_code": _KEY,
    "initial": Column("number"),
    "delta": Column("number"),
    "days_between": Column("int"),
}

PARTNER_TRAINING: Contract = {
    "partner_id": _KEY,
    "topic": _KEY,
    "n_trainings": Column("int"),
    "last_training_quarter": _MAYBE_TEXT,
}

BASELINE: Contract = {
    "episode_key": Column("text", unique=True),
    **{name: _MAYBE_NUMBER for name in ("saf", "leg", "men", "eco", "soc", "phy")},
}

RECORDING: Contract = {
    "episode_key": Column("text", unique=True),
    "first_service_day": Column("int", nullable=True),
    **{
        name: Column("int")
        for name in (
            *("n_due", "n_made", "n_due_initial", "n_due_half_year", "n_entered", "lag_days"),
            *("n_gaps", "gap_days", "n_long", "n_flat"),
        )
    },
}

DELIVERY: Contract = {
    "partner_id": _KEY,
    "category": _KEY,
    **{name: Column("int") for name in ("n_people", "n_clusters", "n_planned", "n_delivered")},
    "n_expected": _MAYBE_NUMBER,
    "squared": _MAYBE_NUMBER,
}

_COMPARED: Contract = {
    "measure": _KEY,
    "n": Column("int"),
    "observed": _MAYBE_NUMBER,
    "expected": _MAYBE_NUMBER,
    "ratio": _MAYBE_NUMBER,
    "lower": _MAYBE_NUMBER,
    "upper": _MAYBE_NUMBER,
    "shrunken": _MAYBE_NUMBER,
    "shrunken_lower": _MAYBE_NUMBER,
    "shrunken_upper": _MAYBE_NUMBER,
    "limit_low_95": _MAYBE_NUMBER,
    "limit_high_95": _MAYBE_NUMBER,
    "limit_low_998": _MAYBE_NUMBER,
    "limit_high_998": _MAYBE_NUMBER,
    "status": Column("text", allowed=("estimated", "refused", "insufficient")),
    "reason": _KEY,
}

OFFICE: Contract = {"office_id": _KEY, **_COMPARED}

PARTNER: Contract = {"partner_id": _KEY, **_COMPARED}

TRAINING_NEED: Contract = {
    "partner_id": _KEY,
    "kind": Column("text", allowed=("domain", "service", "recording")),
    "code": _KEY,
    "measure": _KEY,
    "n": Column("int"),
    "observed": _MAYBE_NUMBER,
    "expected": _MAYBE_NUMBER,
    "ratio": _MAYBE_NUMBER,
    "lower": _MAYBE_NUMBER,
    "upper": _MAYBE_NUMBER,
    "probability_below": _MAYBE_NUMBER,
    "n_trainings": Column("int"),
    "last_training_quarter": _MAYBE_TEXT,
    "status": Column("text", allowed=("strength", "as_expected", "below", "insufficient", "refused")),
    "reason": _KEY,
    "section": Column("int"),
}
