"""The definitions of one run: which instrument it reads, and the values it sets otherwise than the project ships them.

What ships is in dbt_project/dbt_project.yml (`definitions`) and in the instrument's row of seeds/codes/instruments.csv.
A file of `name: {version, value, since}` sets others. dbt gets both as variables, so a changed value shows in every mart that
depends on it, in meta.definition, in the fingerprint of the run and in the manifest of the release.
"""

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import yaml

from flows.errors import Exit, StageError
from flows.extract.contract import CODE_SEEDS, DEFAULT_INSTRUMENT, instruments
from flows.settings import PROJECT

STAGE = "definitions"
Given = Mapping[str, Mapping[str, Any]]
Accepts = Callable[[object], bool]


class DefinitionError(StageError):
    """The file of definitions is not there, is no such file, or sets a definition to what it cannot be."""

    code = Exit.USAGE


@dataclass(frozen=True)
class Definitions:
    """The instrument of a run, and the definitions it sets otherwise, by name: version, value, since."""

    instrument: str
    given: Given = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The same as dbt's variables, in a form that json writes."""
        return {"instrument": self.instrument, "given": {name: dict(one) for name, one in sorted(self.given.items())}}

    @property
    def in_force(self) -> str:
        """What differs from what the project ships, in one line; empty where nothing does."""
        parts = [] if self.instrument == DEFAULT_INSTRUMENT else [f"instrument={self.instrument}"]
        parts += [f"{name}/{one['version']}={one['value']}" for name, one in sorted(self.given.items())]
        return "; ".join(parts)


def _number(least: float, most: float, *, whole: bool = False) -> Accepts:
    def accepts(value: object) -> bool:
        if isinstance(value, bool) or not isinstance(value, int | float) or (whole and not isinstance(value, int)):
            return False
        return least <= value <= most

    return accepts


def _share(value: object) -> bool:
    try:
        return not isinstance(value, bool) and 0 < Fraction(str(value)) <= 1
    except (ValueError, ZeroDivisionError):
        return False


def _date(value: object) -> bool:
    try:
        return bool(date.fromisoformat(str(value)))
    except ValueError:
        return False


# What each definition may be set to; the cut-off lies on the instrument's common scale.
_DAYS = _number(0, 1830, whole=True)
ACCEPTED: dict[str, Accepts] = {
    "restoration_rule": lambda value: value in ("all_domains_ge_cutoff", "all_items_ge_cutoff"),
    "minimum_scored_domains": _number(1, 6, whole=True),
    "minimum_item_share": _share,
    "initial_window_days": _DAYS,
    "end_window_days": _DAYS,
    "mid_target_days": _number(1, 1830),
    "sustained_from_days": _number(1, 3660),
    "sustained_target_days": _number(1, 3660),
    "sustained_to_days": _number(1, 3660),
    "continuation_days": _DAYS,
    "earliest_assessment_days": _DAYS,
    "recent_days": _number(1, 1830, whole=True),
    "measurable_change": _number(1e-6, 1),
    "substantial_change": _number(1e-6, 1),
    "low_domain": _number(1e-6, 1),
    "unmet_need_days": _number(1, 365, whole=True),
    "earliest_plausible_date": _date,
    "support_capacity": _number(0.01, 0.5),
    "language_pool": _number(11, 1_000_000, whole=True),  # small groups are hidden: it can be raised, never lowered
}
# Not to be set: the length of a month is the calendar's (365.25 / 12), the headline is what the estimators can give, a rule
# without a number is its text.
FIXED = frozenset({
    "month_days", "headline_curve", "outcome_and_event", "restoration_interval", "stage_precedence", "form_of_the_day",
    "timeline_order", "merged_records", "consent_analytics", "bucket_order", "overdue_assessment", "optimal_time", "risk_outcomes",
    "office_measures",
})  # fmt: skip
# Each must not be greater than the next.
ORDERED = (
    ("sustained_from_days", "sustained_target_days", "sustained_to_days"),
    ("measurable_change", "substantial_change"),
)
OWNED_BY_INSTRUMENT = ("restoration_cutoff", "restoration_rule", "minimum_scored_domains", "minimum_item_share")


def shipped(instrument: str) -> dict[str, dict[str, Any]]:
    """Every definition as the project ships it for an instrument, by name: version, value, since."""
    project = yaml.safe_load((PROJECT / "dbt_project" / "dbt_project.yml").read_text(encoding="utf-8"))
    row = _row(instrument)
    found = {name: {key: one[key] for key in _KEYS} for name, one in project["vars"]["definitions"].items()}
    for name in OWNED_BY_INSTRUMENT:
        found[name] = {
            "version": int(row["version"]),
            "value": _as_typed(name, row[name]),
            "since": row["since"],
        }
    return found


def definitions_of(instrument: str, file: Path | None) -> Definitions:
    """The definitions of a run of this instrument under a file of definitions (None: as they ship).

    Raises ContractError for an instrument that is not known, DefinitionError for a file that cannot be used.
    """
    instruments(instrument)
    if file is None:
        return Definitions(instrument)
    known = shipped(instrument)
    given = {name: _checked(name, one, known, instrument) for name, one in _read(file).items()}
    differing = {name: one for name, one in given.items() if one != known[name]}
    values = {name: one["value"] for name, one in (known | differing).items()}
    for names in ORDERED:
        ordered = [values[name] for name in names]
        if ordered != sorted(ordered):
            raise _refused(
                f"{', '.join(names)} are not in this order", "give each a value that is not below the one before"
            )
    return Definitions(instrument, differing)


_KEYS = ("version", "value", "since")


def _row(instrument: str) -> dict[str, str]:
    with (CODE_SEEDS / "instruments.csv").open(encoding="utf-8", newline="") as file:
        return next(row for row in csv.DictReader(file) if row["instrument"] == instrument)


def _as_typed(name: str, text: str) -> object:
    return {"restoration_cutoff": float, "minimum_scored_domains": int}.get(name, str)(text)


def _read(file: Path) -> dict[str, Any]:
    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        raise _refused("the file cannot be read as YAML", "correct AFTERCARE_DEFINITIONS or the file") from None
    if not isinstance(document, dict) or not all(isinstance(name, str) for name in document):
        raise _refused(
            "the file is not a list of definitions by name", "write one line `name: {version, value, since}` each"
        )
    return document


def _checked(name: str, one: object, known: Given, instrument: str) -> dict[str, Any]:
    """One definition of the file, its dates as text."""
    if name not in known or name in FIXED:
        settable = ", ".join(sorted(set(known) - FIXED))
        raise _refused(f"{name} is not a definition that can be set", f"use one of: {settable}")
    if not isinstance(one, dict) or set(one) != set(_KEYS):
        raise _refused(
            f"{name} does not say version, value and since", f"write `{name}: {{version: 2, value: …, since: …}}`"
        )
    found = {key: value.isoformat() if isinstance(value, date) else value for key, value in one.items()}
    if not _number(1, 1_000_000, whole=True)(found["version"]) or not _date(found["since"]):
        raise _refused(f"version or since of {name} cannot be used", "a version is a whole number from 1, since a date")
    if not _accepts(name, instrument)(found["value"]):
        raise _refused(f"the value of {name} cannot be used", "see docs/definitions.md for what each definition takes")
    was = known[name]
    is_same = _comparable(name, found["value"]) == _comparable(name, was["value"])
    if not is_same and found["version"] == was["version"]:
        raise _refused(
            f"{name} has another value under the shipped version", "give the changed definition a new version"
        )
    return found


def _accepts(name: str, instrument: str) -> Accepts:
    if name == "restoration_cutoff":
        row = _row(instrument)
        return _number(float(row["scale_min"]), float(row["scale_max"]))
    return ACCEPTED[name]


def _comparable(name: str, value: object) -> object:
    return Fraction(str(value)) if name == "minimum_item_share" else value


def _refused(rule: str, next_step: str) -> DefinitionError:
    return DefinitionError(rule, stage=STAGE, next_step=next_step)
