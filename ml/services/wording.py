"""The only sentences that may be said of an effect. Nothing else is written beside a number."""

from typing import Final, Literal

Claim = Literal["association", "adjusted_association", "emulated_trial", "none"]

WORDING: Final[dict[Claim, str]] = {
    "association": "An association in the records; it does not say what the service does.",
    "adjusted_association": (
        "An adjusted association: people alike in what is recorded are compared; they may differ in what is not."
    ),
    "emulated_trial": (
        "An emulated-trial estimate: what a trial would be expected to show if the assumptions of this question hold."
    ),
    "none": "No statement is made.",
}
