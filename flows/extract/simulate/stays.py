"""Stays in the program: the first ones, later ones after more than 30 days, and how they are written as episodes."""

import numpy as np

from flows.extract.simulate import mechanism, visits
from flows.extract.simulate.frame import NEVER, Column, Frame, day_number, pick, size, stack, take
from flows.extract.simulate.parameters import Parameters
from flows.extract.simulate.people import candidates
from flows.extract.simulate.scores import SOMETIMES_NOT_APPLICABLE

LONG_AGO = -100_000
COMES_BACK = (1, 2, 3, 4, 7, 8)
"""Outcomes after which people may come back, as numbers in the order of `CLOSURE_PHRASES`."""
_INTERRUPTED_BY = (0.0, 0.35, 0.2, 0.2, 0.25, 0.0, 0.0, 0.0, 0.0)


def first_stays(
    parameters: Parameters, offices: Frame, rng: np.random.Generator, n: int, night: int
) -> tuple[Frame, Frame]:
    """n people with their first stay, one row each, and the forms of these stays.

    People who left before their office began to record are in no table: more are drawn until n remain.
    """
    wanted = n
    while True:
        wanted = int(wanted * 1.3) + 20
        stays = candidates(parameters, offices, rng, wanted, night)
        stays["person"] = np.arange(wanted)
        forms = _live(parameters, offices, rng, stays)
        kept = np.flatnonzero(stays["exit_day"] > stays["recorded_from"])[:n]
        if len(kept) == n:
            return keep(stays, forms, kept)


def keep(stays: Frame, forms: Frame, kept: Column) -> tuple[Frame, Frame]:
    """The stays named by row, and their forms; `person` and `owner` count anew."""
    position = np.full(size(stays), -1)
    position[kept] = np.arange(len(kept))
    forms = take(forms, position[forms["owner"]] >= 0)
    stays = {**take(stays, kept), "person": np.arange(len(kept))}
    return stays, {**forms, "owner": position[forms["owner"]]}


def later_stays(
    parameters: Parameters, offices: Frame, rng: np.random.Generator, firsts: Frame, night: int
) -> tuple[Frame, Frame]:
    """Stays of people who came back, more than 30 days after their exit; needs and restoration are drawn anew."""
    n = size(firsts)
    gap = 31 + rng.exponential(240, n).astype(np.int64)
    back = firsts["intake"] + firsts["exit_day"] + gap
    last = day_number(parameters.night(night)) - 2
    returns = (rng.random(n) < parameters.reentry_share) & np.isin(firsts["reason"], COMES_BACK) & (back <= last)
    stays = take(firsts, np.flatnonzero(returns))
    stays["age_days"] = stays["age_days"] + back[returns] - stays["intake"]
    stays["intake"] = back[returns]
    stays["rescue"] = stays["intake"] - rng.integers(0, 20, size(stays))
    stays["shared"] = rng.standard_normal(size(stays))
    return stays, _live(parameters, offices, rng, stays)


def _live(parameters: Parameters, offices: Frame, rng: np.random.Generator, stays: Frame) -> Frame:
    start = offices["recording_start"][stays["office_index"]]
    stays["recorded_from"] = np.where(start > 0, start - stays["intake"], LONG_AGO)
    stays.update(mechanism.draw(parameters, rng, stays["shared"], offices["effect"][stays["office_index"]]))
    for code, share in SOMETIMES_NOT_APPLICABLE.items():
        stays[f"no_{code}"] = rng.random(size(stays)) < share
    return visits.assess_and_leave(parameters, rng, offices, stays)


def split(parameters: Parameters, rng: np.random.Generator, stays: Frame, forms: Frame, last_day: int) -> None:
    """Marks the stays that are written as two episodes: out on `split_day`, in again `gap` days later.

    Nothing of the stay itself changes, and no form or first therapy session falls into the gap.
    """
    n = size(stays)
    length = np.minimum(stays["exit_day"], last_day - stays["intake"])
    room = np.maximum(length - 130, 1)
    day = 60 + (rng.random(n) * room).astype(np.int64)
    gap = rng.integers(1, 31, n)
    chosen = (rng.random(n) < parameters.continued_share * 1.5) & (length > 200) & (day > stays["recorded_from"] + 5)
    owner = forms["owner"]
    in_gap = (forms["day"] >= day[owner] - 1) & (forms["day"] <= (day + gap)[owner] + 1)
    chosen[owner[in_gap]] = False
    chosen &= (stays["therapy_day"] < day - 1) | (stays["therapy_day"] > day + gap + 1)
    stays["split_day"] = np.where(chosen, day, NEVER)
    stays["gap"] = np.where(chosen, gap, 0)


def as_episodes(rng: np.random.Generator, stays: Frame) -> Frame:
    """Episodes as they are written, one row each: all stays up to their split, then the second parts.

    `stay` is the stay's row; intake and exit are dates; `reason` is the outcome's number, `part` 0 or 1.
    """
    n = size(stays)
    is_split = stays["split_day"] < NEVER
    ends = np.where(is_split, stays["split_day"], stays["exit_day"])
    first = {
        "stay": np.arange(n),
        "intake": stays["intake"],
        "exit": stays["intake"] + ends,
        "reason": np.where(is_split, pick(rng, n, _INTERRUPTED_BY), stays["reason"]),
        "part": np.zeros(n, dtype=np.int8),
    }
    which = np.flatnonzero(is_split)
    second = {
        "stay": which,
        "intake": stays["intake"][which] + stays["split_day"][which] + stays["gap"][which],
        "exit": stays["intake"][which] + stays["exit_day"][which],
        "reason": stays["reason"][which],
        "part": np.ones(len(which), dtype=np.int8),
    }
    stays["second_row"] = np.full(n, -1)
    stays["second_row"][which] = n + np.arange(len(which))
    return stack([first, second])


def episode_of(stays: Frame, owner: Column, day: Column) -> Column:
    """The episode row that a day of a stay belongs to; -1 in the gap between two."""
    split_day, gap = stays["split_day"][owner], stays["gap"][owner]
    back = np.where(split_day < NEVER, split_day, 0) + gap
    row = np.where(day < split_day, owner, np.where(day >= back, stays["second_row"][owner], -1))
    return np.asarray(row)
