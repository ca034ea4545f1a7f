"""Everything that shapes a simulated JDS, with defaults a field office would recognise."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date, timedelta
from typing import Any

from flows.extract.simulate.codes import INDICATORS

_SHARES = (
    *("negative_day_share", "missed_first_share", "sparse_form_share", "missing_item_share", "absent_row_share"),
    *("two_forms_share", "correction_share", "label_noise", "consent_false_share", "consent_null_share"),
    *("merged_share", "reentry_share", "continued_share", "deleted_share", "withdrew_of_lost", "sustained_share"),
)


@dataclass(frozen=True)
class Parameters:
    """The knobs of the simulated JDS. Rates are per month of 30.4375 days; effects are log hazard ratios.

    Restoration of an episode has a Weibull baseline hazard times
    `exp(sum(effect * (score at intake - score_centre)) + office + frailty)`, and times `exp(therapy_effect)` from the
    first session of trauma therapy on. Exits before a restoration is seen have constant hazards, the same for all.
    """

    survivors: int = 2000
    """Distinct people; a few records found to be duplicates come on top."""
    seed: int = 20261101
    as_of: date = date(2026, 11, 1)
    """The first night; the delivery is extracted on it at 01:30 UTC."""
    history_years: int = 6
    """Rescues are spread evenly over this many years before `as_of`."""

    offices: int = 8
    partners_per_office: int = 4
    late_offices: int = 2
    """Offices that began to record years after their first intakes: who left before is in no table."""
    operation_size: float = 3.0
    household_size: float = 1.6

    weibull_shape: float = 1.3
    weibull_scale_months: float = 34.0
    score_centre: float = 2.1
    indicator_effects: tuple[tuple[str, float], ...] = (
        *(("SAF1", 0.25), ("MEN1", 0.35), ("MEN2", 0.20)),
        *(("ECO1", 0.25), ("SOC1", 0.30)),
    )
    """The indicators that matter, by log hazard a score point; the others have no effect."""
    office_sd: float = 0.20
    frailty_sd: float = 0.20
    """What no form records."""

    therapy_effect: float = 0.4
    therapy_rate: float = 0.05
    """How soon trauma therapy begins, for someone of average need."""
    therapy_need: float = 0.7
    """Confounding: log rate of therapy a standard deviation of need (low scores at intake)."""

    lost_rate: float = 0.008
    withdrew_of_lost: float = 0.25
    other_rate: float = 0.005
    exit_ratio_after_restoration: float = 1.0
    """How the hazards of leaving change at a restoration nobody has seen yet; 1 = not at all."""
    stay_after_seen_days: float = 210.0
    """Mean days from a restored assessment to the planned end of the program."""

    missed_low: float = 0.10
    missed_high: float = 0.40
    """Share of scheduled visits that do not happen, from the best to the worst office."""
    visit_jitter_days: float = 45.0
    """How far visits lie from their plan (half a year after intake, then each year of it): standard deviation."""
    missed_first_share: float = 0.07
    negative_day_share: float = 0.15
    """First assessments that come between rescue and intake."""
    sustained_share: float = 0.45
    """Restored people assessed again about a year later."""
    sparse_form_share: float = 0.01
    """Forms with fewer than five domains scored."""
    missing_item_share: float = 0.03
    absent_row_share: float = 0.2
    """Missing items that have no row at all, of all missing items."""
    two_forms_share: float = 0.003
    correction_share: float = 0.05
    label_noise: float = 0.0
    """Forms whose scores say the opposite of the truth about restoration."""

    reentry_share: float = 0.25
    continued_share: float = 0.04
    """Stays that are written as two episodes with at most 30 days between them."""
    consent_false_share: float = 0.03
    consent_null_share: float = 0.01
    merged_share: float = 0.005
    deleted_share: float = 0.002

    community_rate: float = 0.5
    health_rate: float = 0.5
    support_rate: float = 0.8
    legal_rate: float = 0.12
    """Service rows a month in care, for each of the four tables."""

    def __post_init__(self) -> None:
        for name in _SHARES:
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is a share: between 0 and 1")
        if min(self.survivors, self.offices, self.partners_per_office, self.history_years) < 1:
            raise ValueError("survivors, offices, partners_per_office and history_years are at least 1")
        if not 0 <= self.late_offices <= self.offices:
            raise ValueError("late_offices is at most offices")
        if not 0 <= self.missed_low <= self.missed_high <= 1:
            raise ValueError("missed_low and missed_high are shares, in this order")
        if unknown := [code for code, _ in self.indicator_effects if code not in INDICATORS]:
            raise ValueError(f"indicator_effects names {len(unknown)} codes that are not indicators")

    @property
    def exit_rate(self) -> float:
        """The hazard, per month, of leaving for any reason before a restoration is seen."""
        return self.lost_rate + self.other_rate

    def night(self, night: int) -> date:
        """The as_of date of a night; 0 is the first delivery."""
        return self.as_of + timedelta(days=night)


def to_json(parameters: Parameters) -> dict[str, Any]:
    """The parameters as JSON types."""
    return {**asdict(parameters), "as_of": parameters.as_of.isoformat()}


def from_json(values: Mapping[str, Any]) -> Parameters:
    """The parameters that `to_json` wrote."""
    known = {field.name: values[field.name] for field in fields(Parameters)}
    known["as_of"] = date.fromisoformat(known["as_of"])
    known["indicator_effects"] = tuple((code, effect) for code, effect in known["indicator_effects"])
    return Parameters(**known)
