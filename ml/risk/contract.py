"""What the frame of support priorities looks like: see ml/contracts.py."""

from ml.contracts import Column, Contract

_KEY = Column("text")
_MAYBE_TEXT = Column("text", nullable=True)

PRIORITY: Contract = {
    "episode_key": Column("text", unique=True),
    "office_id": _MAYBE_TEXT,
    "model_id": _KEY,
    "band": Column("text", allowed=("more_support_first", "more_support", "usual_support")),
    "probability": Column("number"),
    "lower": Column("number"),
    "upper": Column("number"),
    "reasons": _KEY,
    "expires_on": _KEY,
}
