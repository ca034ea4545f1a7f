"""Which of two models is used. A rule small enough to be read, and a reason with every decision."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Decision:
    """Whether the challenger becomes champion, and why, in words for the model card."""

    promote: bool
    reason: str


def decide(challenger: Mapping[str, Any], champion: Mapping[str, Any] | None) -> Decision:
    """Whether the model document `challenger` replaces `champion` (None: there is none).

    - A refused challenger never does, nor one with refusals: a group in which it is wrong, inputs or calibration that have drifted.
    - A usable one does when there is no usable champion.
    - Models of different definitions cannot be compared: the champion stays until a person decides.
    - Otherwise it does when the upper 95 % limit of its held-out log loss is not above the champion's. Comparing
      upper limits means that a chain of slightly worse models cannot creep in, each within the interval of the one
      before.
    """
    if challenger.get("status") != "trained":
        return Decision(False, str(challenger.get("reason") or "the challenger could not be trained"))
    rung = f"; rung {challenger['rung']}" if "rung" in challenger else ""
    if refusals := [str(one) for one in challenger.get("refusals") or ()]:
        return Decision(False, f"not promoted: {'; '.join(refusals)}{rung}")
    if champion is None or champion.get("status") != "trained":
        return Decision(True, f"first champion: there was no model before{rung}")
    if challenger.get("definitions") != champion.get("definitions"):
        return Decision(False, "not comparable: the champion was trained under other definitions; a person must decide")
    new, old = _log_loss(challenger), _log_loss(champion)
    told = f"held-out log loss {_interval(new)} against the champion's {_interval(old)}"
    if new["upper"] <= old["upper"]:
        return Decision(True, f"not worse: {told}{rung}")
    return Decision(False, f"champion stays: {told}{rung}")


def _log_loss(document: Mapping[str, Any]) -> Mapping[str, float]:
    found: list[Mapping[str, Any]] = [
        row
        for row in document["metrics"]
        if row["metric"] == "log_loss" and row.get("split", "cross_validated") == "cross_validated"
    ]
    return found[0]


def _interval(row: Mapping[str, float]) -> str:
    return f"{row['estimate']:.4f} ({row['lower']:.4f} to {row['upper']:.4f})"
