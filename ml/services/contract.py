"""What the frames of the comparison of services look like, in and out: see ml/contracts.py."""

from ml.contracts import FCT_EPISODE, Column, Contract

_KEY = Column("text")
_MAYBE_TEXT = Column("text", nullable=True)
_MAYBE_NUMBER = Column("number", nullable=True)

EFFECT_EPISODE: Contract = {
    **FCT_EPISODE,
    "gender": _MAYBE_TEXT,
    "intake_quarter": _MAYBE_TEXT,
    "episode_number": Column("int"),
}

FIRST_SCORES: Contract = {
    "episode_key": Column("text", unique=True),
    **{domain: _MAYBE_NUMBER for domain in ("saf", "leg", "men", "eco", "soc", "phy")},
}

EPISODE_MONTH: Contract = {  # episode: row of the frame of episodes
    "episode": Column("int"),
    "month": Column("int"),
    **{f"{domain}_before": _MAYBE_NUMBER for domain in ("saf", "leg", "men", "eco", "soc", "phy")},
    **{f"n_{name}": Column("number") for name in ("all", "health", "community", "legal")},
}

DELIVERED: Contract = {"episode": Column("int"), "service_code": _KEY, "day": Column("int")}

EFFECT: Contract = {
    "question": _KEY,
    "strategy": _KEY,
    "comparator": _KEY,
    "contrast": Column("text", allowed=("log_hazard_ratio", "risk_difference")),
    "horizon_months": Column("int"),
    "estimate": _MAYBE_NUMBER,
    "lower": _MAYBE_NUMBER,
    "upper": _MAYBE_NUMBER,
    "effective_n": _MAYBE_NUMBER,
    "status": Column("text", allowed=("estimated", "refused", "not_identifiable")),
    "reason": _MAYBE_TEXT,
    "wording": _KEY,
}

EFFECT_CHECK: Contract = {
    "question": _KEY,
    "measure": _KEY,
    "item": _KEY,
    "estimate": Column("number"),
    "threshold": _MAYBE_NUMBER,
    "is_met": Column("bool", nullable=True),
}
