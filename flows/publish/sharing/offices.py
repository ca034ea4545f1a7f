"""Rows about offices and the partners beside them: observed against expected, needs for training, trainings."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from flows.publish.sharing.cells import Row
from flows.publish.sharing.gather import Marts, told, whole

PEOPLE_MEASURES = ("restored_24m", "lost_12m")  # observed is a number of people
SHARE_MEASURES = ("aso_completeness", "same_score_forms")  # observed is a share of n
_SAID = ("observed", "expected", "ratio", "lower", "upper", "status", "reason")


def _counts(found: Mapping[str, Any]) -> dict[str, int]:
    """How many people a row is about, and of how many of them it says yes, where it says that."""
    n, observed = whole(found["n"]), found["observed"]
    if observed is not None and found["measure"] in PEOPLE_MEASURES:
        return {"n": n, "yes": min(n, round(observed))}
    if observed is not None and found["measure"] in SHARE_MEASURES and 0 <= observed <= 1:
        return {"n": n, "yes": round(n * observed)}
    return {"n": n}


def _compared(marts: Marts, kind: str) -> list[Row]:
    """One row per office or partner and measure."""
    names = getattr(marts, f"{kind}s")
    return [
        Row(
            (str(one[f"{kind}_id"]), str(one["measure"])),
            _counts(one),
            {"label": names[str(one[f"{kind}_id"])], **told(one, *_SAID, "shrunken")},
        )
        for one in marts.table(f"outcomes.{kind}", f"{kind}_id", "measure", "n", "shrunken", *_SAID)
        if str(one[f"{kind}_id"]) in names
    ]


offices = partial(_compared, kind="office")
partners = partial(_compared, kind="partner")


def training_needs(marts: Marts) -> list[Row]:
    """One row per partner, kind, code and measure."""
    said = (*_SAID, "probability_below", "n_trainings", "last_training_quarter")
    key = ("partner_id", "kind", "code", "measure")
    return [
        Row(
            tuple(str(one[name]) for name in key),
            _counts(one),
            {"label": marts.partners[str(one["partner_id"])], **told(one, *said)},
        )
        for one in marts.table("outcomes.training_need", *key, "n", *said)
        if str(one["partner_id"]) in marts.partners
    ]


def trainings(marts: Marts) -> list[Row]:
    """One row per partner and topic that it had trainings on."""
    said = ("n_trainings", "last_training_quarter")
    found = {
        (str(one["partner_id"]), str(one["code"])): told(one, *said)
        for one in marts.table("outcomes.training_need", "partner_id", "code", *said)
        if str(one["partner_id"]) in marts.partners and whole(one["n_trainings"])
    }
    return [Row(key, {}, {"label": marts.partners[key[0]], **values}) for key, values in sorted(found.items())]
