"""Rows of outcomes.office and outcomes.partner: observed against expected, where it lies in the funnel, what to believe."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.contracts import FCT_EPISODE, InputError, require, shaped
from ml.offices.compared import Compared
from ml.offices.contract import BASELINE, CHANGE, OFFICE, PARTNER, RECORDING
from ml.offices.definition import MEASURES, MIN_GAIN, PHRASES, SEEN_AT_ASSESSMENTS
from ml.offices.funnel import Z95, Z998, Funnel, funnel, scores
from ml.offices.measures import Measure, People, aligned, compare, expectations, people
from ml.offices.shrinkage import Believed, believe
from ml.offices.timing import not_comparable
from ml.threads import single_thread

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

VALUES = (
    *("observed", "expected", "ratio", "lower", "upper", "shrunken", "shrunken_lower", "shrunken_upper"),
    *("limit_low_95", "limit_high_95", "limit_low_998", "limit_high_998"),
)


@dataclass(frozen=True)
class Programme:
    """Everyone, what is expected of each by measure, which measures could not be computed, and how forms are made."""

    who: People
    measures: dict[str, Measure]
    failed: frozenset[str]
    recording: pd.DataFrame


@dataclass(frozen=True)
class Unit:
    """The offices or partners by id, the place of each episode's among them (n,), and which cannot be compared and why."""

    ids: list[str]
    group: Ints
    why: list[str | None]


def programme(
    episodes: pd.DataFrame, unrestored: pd.DataFrame, baseline: pd.DataFrame, change: pd.DataFrame,
    recording: pd.DataFrame, *, seed: int,
) -> Programme:  # fmt: skip
    """What is expected of everyone. Frames as in ml/contracts.py and ml/offices/contract.py; episodes with intake_quarter.

    A measure that cannot be modelled is left out. Raises InputError where a frame breaks its contract.
    """
    require(episodes, FCT_EPISODE)
    if "intake_quarter" not in episodes.columns:
        raise InputError("column intake_quarter is missing")
    for frame, contract in ((baseline, BASELINE), (change, CHANGE), (recording, RECORDING)):
        require(frame, contract)
    counted = {name: 0 for name in RECORDING if name not in ("episode_key", "first_service_day")}
    rows = aligned(recording, episodes, counted)
    with single_thread():
        who = people(episodes, baseline, seed=seed)
        found, failed = expectations(who, unrestored, change, rows)
    return Programme(who, found, failed, rows)


def unit(whole: Programme, column: str, ids: list[str]) -> Unit:
    """Offices (column office_id) or partners (partner_id): those listed and those that an episode names."""
    named = whole.who.episodes[column]
    every = sorted({*ids, *named.dropna().astype(str)})
    place = {name: i for i, name in enumerate(every)}
    group = np.array([-1 if pd.isna(name) else place[str(name)] for name in named], dtype=np.int64)
    return Unit(every, group, not_comparable(whole.recording, group, len(every)))


def rows(whole: Programme, one: Unit, column: str) -> pd.DataFrame:
    """One row per unit and measure, with the columns of outcomes.office or outcomes.partner."""
    parts = [_rows(whole, one, name).assign(measure=name) for name in MEASURES]
    out = pd.concat(parts, ignore_index=True).rename(columns={"id": column})
    return out[[column, "measure", "n", *VALUES, "status", "reason"]].sort_values(
        [column, "measure"], ignore_index=True
    )


def _rows(whole: Programme, one: Unit, name: str) -> pd.DataFrame:
    k, measure = len(one.ids), whole.measures.get(name)
    if measure is None or not k:
        return _frame(
            one.ids,
            np.zeros(k, dtype=np.int64),
            {},
            ["refused"] * k,
            ["failed" if name in whole.failed else "no_model"] * k,
        )
    found, periods = compared(whole, one, name)
    status, reason = standing(found, name, one.why)
    kept = np.array([state == "estimated" for state in status])
    around, values = funnel(found), {key: np.full(k, np.nan) for key in VALUES}
    for key in ("observed", "expected", "ratio", "lower", "upper"):
        values[key][kept] = getattr(found, key)[kept]
    for key in ("low_95", "high_95", "low_998", "high_998"):
        values[f"limit_{key}"][kept] = getattr(around, key)[kept]
    if found.is_enough.any():
        for key, part in _believed(believe(found)).items():
            values[key][found.is_enough] = part
            values[key][~kept] = np.nan
    where = placed(around, periods)
    return _frame(one.ids, found.n, values, status, [why or where[i] for i, why in enumerate(reason)])


def compared(whole: Programme, one: Unit, name: str) -> tuple[Compared, list[Floats]]:
    """One measure by unit, without those that cannot be compared, and its scores in the two periods of intake."""
    measure, k = whole.measures[name], len(one.ids)
    banned = np.array([why is not None and name in SEEN_AT_ASSESSMENTS for why in one.why])
    group = np.where((one.group >= 0) & ~banned[np.maximum(one.group, 0)], one.group, -1)
    quarter = whole.who.episodes["intake_quarter"].astype(str).to_numpy(dtype=str)
    later = quarter > np.sort(quarter)[len(quarter) // 2]
    halves = compare(measure, whole.who.groups(np.where(group >= 0, group + k * later, -1), 2 * k))
    around = scores(halves)[0]
    periods = [np.where(halves.is_enough[half], around[half], 0.0) for half in (slice(None, k), slice(k, None))]
    found = compare(measure, whole.who.groups(group, k))
    return (found if not banned.any() else _counted(found, whole, one, name)), periods


def _counted(found: Compared, whole: Programme, one: Unit, name: str) -> Compared:
    """The same, with the number of episodes also of those that cannot be compared."""
    everyone = compare(whole.measures[name], whole.who.groups(one.group, len(one.ids)))
    return Compared(**{**vars(found), "n": everyone.n})


def standing(found: Compared, name: str, why: list[str | None]) -> tuple[list[str], list[str | None]]:
    """Status of each unit, and the key of the phrase that says why it is not estimated."""
    status, reason = [], []
    for i, cause in enumerate(why):
        if cause is not None and name in SEEN_AT_ASSESSMENTS:
            told: tuple[str, str | None] = ("refused", cause)
        elif not found.is_enough[i]:
            told = ("insufficient", "few")
        elif name.startswith("gain_") and found.expected[i] < MIN_GAIN:
            told = ("refused", "no_gain")
        else:
            told = ("estimated", None)
        status.append(told[0])
        reason.append(told[1])
    return status, reason


def placed(around: Funnel, periods: list[Floats]) -> list[str]:
    """Where each unit lies: beyond the 99.8 % limits, beyond the 95 % ones in both periods, in one look, or within."""
    first, second = periods
    signal = np.abs(np.nan_to_num(around.score)) > Z998
    lasting = (np.minimum(np.abs(first), np.abs(second)) > Z95) & (np.sign(first) == np.sign(second))
    watch = np.abs(np.nan_to_num(around.score)) > Z95
    return [
        "signal" if signal[i] else "persistent" if lasting[i] else "watch" if watch[i] else "within"
        for i in range(len(signal))
    ]


def _believed(posterior: Believed) -> dict[str, Floats]:
    return {
        "shrunken": posterior.mean(),
        "shrunken_lower": posterior.quantile(0.025),
        "shrunken_upper": posterior.quantile(0.975),
    }


def _frame(ids: list[str], n: Ints, values: dict[str, Floats], status: list[str], reason: list[str]) -> pd.DataFrame:
    given = {key: values.get(key, np.full(len(ids), np.nan)) for key in VALUES}
    return pd.DataFrame({"id": ids, "n": n, **given, "status": status, "reason": [PHRASES[key] for key in reason]})


def refused(column: str, ids: list[str], key: str = "failed") -> pd.DataFrame:
    """Rows that say only that there is no comparison."""
    none = np.zeros(len(ids), dtype=np.int64)
    parts = [_frame(ids, none, {}, ["refused"] * len(ids), [key] * len(ids)).assign(measure=name) for name in MEASURES]
    out = pd.concat(parts, ignore_index=True).rename(columns={"id": column})
    return out[[column, "measure", "n", *VALUES, "status", "reason"]].sort_values(
        [column, "measure"], ignore_index=True
    )


def _sorted(parts: list[pd.DataFrame], column: str) -> pd.DataFrame:
    out = pd.concat(parts, ignore_index=True).rename(columns={"id": column})
    contract = OFFICE if column == "office_id" else PARTNER
    return shaped(out.sort_values([column, "measure"], ignore_index=True), contract)
