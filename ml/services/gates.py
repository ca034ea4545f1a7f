"""When a question is refused, and how much may be claimed of one that is not.

Reasons leave the organisation, so they name limits and no counts.
"""

from dataclasses import dataclass

import numpy as np

from ml.services.balance import Arm, Difference
from ml.services.trial import Contrast
from ml.services.wording import Claim

LEAST_EFFECTIVE = 50.0
LARGEST_SHARE = 0.10
LEAST_EVENTS = 10.0
UNLIKE, FAR_UNLIKE = 0.10, 0.25


@dataclass(frozen=True)
class Verdict:
    """claim "none" is a refusal; reason says why, or why less is claimed; None where all holds."""

    claim: Claim
    reason: str | None


def no_trial(n_asked: int, n_with: int) -> Verdict | None:
    """The refusal of a question that cannot even be fitted, before any fit; None where it can be."""
    if n_asked < 2 * LEAST_EFFECTIVE:
        return Verdict("none", f"fewer than {2 * LEAST_EFFECTIVE:.0f} stays are in the question")
    if n_with < LEAST_EFFECTIVE:
        return Verdict("none", f"fewer than {LEAST_EFFECTIVE:.0f} stays in the question have the service")
    return None


def judge(
    *, converged: bool, violated: list[tuple[str, str]], arms: tuple[Arm, Arm], differences: list[Difference],
    difference: Contrast, second: float, ratio: Contrast, other_ratio: Contrast,
) -> Verdict:  # fmt: skip
    """What may be said of fitted contrasts: `second` is the g-formula's risk difference, other_ratio that of the weights
    not used for the estimate.
    """
    reason = _refusal(converged, violated, arms, differences)
    if reason:
        return Verdict("none", reason)
    doubts = []
    worst = max(differences, key=lambda one: abs(one.after), default=None)
    if worst is not None and abs(worst.after) > UNLIKE:
        doubts.append(f"after weighting the arms still differ in {worst.covariate} by {abs(worst.after):.2f} SD")
    if not difference.lower <= second <= difference.upper:
        doubts.append("a second method (g-formula) lies outside the interval")
    if abs(ratio.estimate - other_ratio.estimate) > ratio.error:
        doubts.append("the estimate depends on the largest weights")
    if doubts:
        return Verdict("adjusted_association", "; ".join(doubts))
    return Verdict("emulated_trial", None)


def _refusal(
    converged: bool, violated: list[tuple[str, str]], arms: tuple[Arm, Arm], differences: list[Difference]
) -> str | None:
    if violated:
        decision, covariate = violated[0]
        more = f" and {len(violated) - 1} more" if len(violated) > 1 else ""
        return f"positivity: at {decision}, in a group by {covariate}{more}, nobody or everybody has the service"
    if not converged:
        return "a model did not converge"
    for name, one in zip(("strategy", "comparator"), arms, strict=True):
        if one.effective_n < LEAST_EFFECTIVE:
            return f"after weighting the {name} is worth fewer than {LEAST_EFFECTIVE:.0f} stays"
        if one.largest_share > LARGEST_SHARE:
            return f"one stay carries more than {100 * LARGEST_SHARE:.0f} % of the weight of the {name}"
        if one.events < LEAST_EVENTS:
            return f"fewer than {LEAST_EVENTS:.0f} restorations under the {name}"
    worst = max((abs(one.after) for one in differences), default=0.0)
    if not np.isfinite(worst) or worst > FAR_UNLIKE:
        return f"after weighting the arms still differ by {worst:.2f} SD; {FAR_UNLIKE} is the most allowed"
    return None
