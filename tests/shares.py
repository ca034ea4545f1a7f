"""A whole `share/` folder made by hand, with every table, every column and every state that a page must show.

It says the same as docs of share/ promise; nothing of it comes from a person.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

OFFICES, PARTNERS = 20, 60
DOMAINS = ("SAF", "LEG", "MEN", "ECO", "SOC", "PHY")
CASEWORK = ("forced_labour", "bonded_labour", "sex_trafficking", "sexual_violence", "land_theft", "other")
AGES = ("0-11", "12-17", "18-24", "25-34", "35-49", "50+")
MONTHS = (6, 12, 18, 24, 30, 36)
GRID = {6: 10, 12: 24, 18: 34, 24: 41, 30: 46, 36: 49}

Rows = list[Sequence[object]]


def full_share(folder: Path, *, offices: int = OFFICES, partners: int = PARTNERS, **facts: object) -> Path:
    """Writes the folder and gives it."""
    folder.mkdir(parents=True)
    tables = {
        **_counts(offices),
        **_durations(offices),
        **_needs(),
        **_services(),
        **_standings(offices, partners),
        **_quality(offices),
    }
    for name, (columns, rows) in tables.items():
        write_table(folder, name, columns.split(), rows)
    write_facts(folder, tables, **facts)
    return folder


def write_table(folder: Path, name: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """One CSV table; None is an empty field."""
    with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([columns, *rows])


def write_facts(folder: Path, tables: Iterable[str], **facts: object) -> None:
    """The manifest of the folder."""
    known: dict[str, object] = {
        "release_id": "2026-11-01-0007",
        "as_of": "2026-11-01",
        "extracted_at": "2026-11-02T01:30:00+00:00",
        "created_at": "2026-11-02T03:00:00+00:00",
        "code_version": "0.1.0",
        "format": 2,
        "threshold": 11,
        "rounded_to": 5,
        "tables": {f"{name}.csv": {"rows": 1, "sha256": "0", "caveat": "Of a test."} for name in tables},
    }
    (folder / "manifest.json").write_text(json.dumps(known | facts), encoding="utf-8")


Tables = dict[str, tuple[str, Rows]]


def _counts(offices: int) -> Tables:
    columns = "group label n_episodes percent status"

    def grouped(groups: Sequence[tuple[str, str]]) -> Rows:
        rows: Rows = [(code, label, 100 + 5 * i, 10, "shown") for i, (code, label) in enumerate(groups[:-2])]
        rows += [(code, label, None, None, "hidden") for code, label in groups[-2:]]
        return [*rows, ("all", "all", 5000, None, "shown")]

    names = {
        "office": [(f"O{i}", f"Office {i:02d}") for i in range(offices)],
        "casework_type": [(code, code) for code in CASEWORK],
        "outcome": [(code, code) for code in ("restored", "lost_contact", "withdrew", "deceased", "open")],
        "age_band": [(code, code) for code in AGES],
        "gender": [(code, code) for code in ("female", "male", "other", "unknown")],
    }
    return {f"episodes_by_{name}": (columns, grouped(groups)) for name, groups in names.items()}


def _curve(name: str, stratum: str, value: str, label: str, method: str, shift: int, *, states: bool = False) -> Rows:
    rows: Rows = []
    for month, percent in GRID.items():
        if shift < -9 or (month == 36 and stratum == "office_id"):
            rows.append((name, stratum, value, label, "restored", month, None, None, None, None, method, "hidden"))
            continue
        restored, n = percent + shift, 4000 - 100 * month if stratum == "overall" else None
        limits = (restored - 3, restored + 4) if method != "npmle" else (None, None)
        rows.append((name, stratum, value, label, "restored", month, restored, *limits, n, method, "shown"))
        if states:
            for state, share in (
                ("in_care", 100 - restored - month),
                ("lost", month // 3),
                ("other_exit", month - month // 3),
            ):
                limits = (None, None) if state == "in_care" else (max(0, share - 2), share + 2)
                rows.append((name, stratum, value, label, state, month, share, *limits, n, method, "shown"))
    return rows


def _durations(offices: int) -> Tables:
    curves = _curve("restoration", "overall", "all", "all", "panel", 0, states=True)
    curves += _curve("restoration_detection_date", "overall", "all", "all", "detection_date", -8)
    curves += _curve("restoration_npmle", "overall", "all", "all", "npmle", 9)
    curves += _curve("restoration_exit_zero_after", "overall", "all", "all", "panel", -3)
    curves += _curve("restoration_cutoff_higher", "overall", "all", "all", "panel", -6)
    for stratum, values in (("casework_type", CASEWORK), ("age_band", AGES), ("severity", ("low", "middle", "high"))):
        for i, value in enumerate(values):
            curves += _curve("restoration", stratum, value, value, "panel", -10 if i == 4 else 2 - i)
    for i in range(offices):
        curves += _curve(
            "restoration",
            "office_id",
            f"O{i}",
            f"Office {i:02d}",
            "panel",
            -10 if i % 7 == 6 else i % 5 - 2,
            states=i % 7 != 6,
        )
    reason = "follow-up is too short: needs about 1,900 stays followed for 36 months"
    overall = [
        ("plateau", "overall", "all", "all", 22, 19, 27, None, 2600, "estimated", None, 2),
        ("marginal_gain", "overall", "all", "all", None, None, None, "15;18;21", 2600, "not_identifiable", reason, 2),
        ("restricted_mean", "overall", "all", "all", 9.5, 8.9, 10.2, None, 2600, "estimated", None, 2),
        (
            "cure",
            "overall",
            "all",
            "all",
            None,
            None,
            None,
            None,
            2600,
            "refused",
            "would need ten years of follow-up",
            1,
        ),
        (
            "policy_value",
            "overall",
            "all",
            "all",
            None,
            None,
            None,
            None,
            2600,
            "refused",
            "would need assessments after the exit",
            1,
        ),
    ]
    by_type = [
        ("plateau", "casework_type", code, code, 20 + i, 17, 29, None, 300, "estimated", None, 2)
        for i, code in enumerate(CASEWORK[:4])
    ]
    by_type.append(
        ("plateau", "casework_type", "land_theft", "land_theft", None, None, None, None, None, "hidden", None, 2)
    )
    by_office = [
        ("plateau", "office_id", f"O{i}", f"Office {i:02d}", None, None, None, None, 150, "not_identifiable", reason, 2)
        for i in range(0, offices, 3)
    ]
    history = [
        (
            f"2026-{m:02d}-01-{m:04d}",
            f"2026-{m:02d}-01",
            "restored_24m",
            "overall",
            "all",
            38 + m % 4,
            35 + m % 4,
            42 + m % 4,
            2000 + 50 * m,
            1 if m < 6 else 2,
            "true" if m == 6 else "false",
            "shown",
        )
        for m in range(1, 11)
    ]
    history.append(
        (
            "2026-10-01-0010",
            "2026-10-01",
            "restored_24m",
            "casework_type",
            "land_theft",
            None,
            None,
            None,
            None,
            2,
            "false",
            "hidden",
        )
    )
    return {
        "curves": (
            "curve_name stratum stratum_value label state month estimate_percent lower_percent upper_percent n_at_risk method status",
            curves,
        ),
        "optimal_time": (
            "question stratum stratum_value label estimate_months lower_months upper_months set_months n status reason "
            "definition_version",
            [*overall, *by_type, *by_office],
        ),
        "history": (
            "release_id as_of measure stratum stratum_value estimate lower upper n definition_version is_break status",
            history,
        ),
    }


def _needs() -> Tables:
    risks: Rows = []
    for outcome in ("not_restored_24m", "lost_12m"):
        for i in range(24):
            code, domain = f"{DOMAINS[i % 6]}{1 + i // 6}", DOMAINS[i % 6]
            size = round(0.03 - 0.002 * i, 4)
            risks.append(
                (
                    outcome,
                    code,
                    f"item {code} of the assessment",
                    domain,
                    size,
                    round(size - 0.009, 4),
                    round(size + 0.008, 4),
                    max(1, i - 2),
                    min(24, i + 3),
                    "lower",
                    max(5, 100 - 5 * i),
                )
            )
    metrics = [
        ("need_not_restored_24m", "m2", name, "cross_validated", value, low, high, 1850, "shown")
        for name, value, low, high in (
            ("auc", 0.71, 0.68, 0.74),
            ("ici", 0.02, 0.012, 0.031),
            ("brier", 0.19, 0.18, 0.205),
        )
    ]
    fairness: Rows = [
        ("m2", "sex", "female", "ici", 0.02, 0.01, 0.03, 1200, 400, "pass"),
        ("m2", "sex", "male", "false_negative_rate", 0.4, 0.31, 0.49, 200, 60, "fail"),
        ("m2", "office_id", "O3", "ici", None, None, None, 25, None, "insufficient"),
        ("m2", "age_band", "50+", "ici", None, None, None, None, None, "hidden"),
    ]
    return {
        "risk_indicators": (
            "outcome code label domain_code importance lower upper rank_low rank_high direction selection_percent",
            risks,
        ),
        "model_metrics": ("model_name model_id metric split estimate lower upper n status", metrics),
        "model_cards": (
            "model_name model_id trained_as_of is_champion reason",
            [
                ("need_not_restored_24m", "m2", "2026-10-26", "true", "its gain over m1 is above zero by the interval"),
                ("need_not_restored_24m", "m1", "2026-09-28", "false", "replaced by m2"),
            ],
        ),
        "fairness": ("model_id group_kind group_value metric estimate lower upper n n_positive status", fairness),
    }


def _services() -> Tables:
    wording = "emulated-trial estimate, under its assumptions"
    effects: Rows = [
        (
            "trauma_therapy_60_days",
            "within 60 days",
            "later or never",
            "risk_difference",
            24,
            0.06,
            -0.01,
            0.13,
            410,
            "estimated",
            None,
            wording,
        ),
        (
            "trauma_therapy_recent",
            "yes",
            "no",
            "log_hazard_ratio",
            24,
            0.31,
            0.12,
            0.5,
            620,
            "estimated",
            None,
            wording,
        ),
        (
            "legal_accompaniment",
            "before the hearing",
            "none",
            "risk_difference",
            24,
            None,
            None,
            None,
            38,
            "refused",
            "the effective sample is 38, at least 50 are needed",
            None,
        ),
        (
            "community_leadership",
            "any",
            "none",
            "risk_difference",
            24,
            None,
            None,
            None,
            None,
            "not_identifiable",
            "nearly nobody without it: no overlap",
            None,
        ),
    ]
    described: Rows = [
        ("days_to_first", "health", "overall", "all", "all", None, 14, 6, 30, 2400, "shown"),
        ("days_to_first", "legal", "overall", "all", "all", None, None, None, None, None, "hidden"),
        ("sessions_per_month", "health", "overall", "all", "all", 3, 2.5, 1, 4, 1900, "shown"),
        ("unmet_need", "legal", "overall", "all", "all", None, 31, None, None, 800, "shown"),
        ("days_to_first", "health", "office_id", "O1", "Office 01", None, 11, 5, 22, 140, "shown"),
    ]
    return {
        "service_effects": (
            "question strategy comparator contrast horizon_months estimate lower upper effective_n status reason wording",
            effects,
        ),
        "service_descriptions": (
            "measure category stratum stratum_value label month estimate lower_quartile upper_quartile n status",
            described,
        ),
    }


def _standing(code: str, label: str, i: int) -> Rows:
    expected = 12 + 3 * (i % 9)
    ratio = round(0.7 + 0.07 * (i % 9), 2)
    rows: Rows = [
        (
            code,
            label,
            "restored_24m",
            4 * expected,
            round(expected * ratio, 1),
            expected,
            ratio,
            round(ratio * 0.75, 2),
            round(ratio * 1.3, 2),
            round(1 + 0.6 * (ratio - 1), 2),
            "within" if i % 6 else "signal",
            None,
        )
    ]
    if i % 4 == 3:
        rows.append((code, label, "lost_12m", None, None, None, None, None, None, None, "hidden", None))
    else:
        rows.append(
            (code, label, "lost_12m", 20, None, None, None, None, None, None, "insufficient", "fewer than 5 expected")
        )
    rows.append(
        (
            code,
            label,
            "days_to_first_service",
            60,
            None,
            None,
            None,
            None,
            None,
            None,
            "refused",
            "assessments are timed unlike elsewhere",
        )
    )
    return rows


def _training_needs(partner: str, label: str, i: int) -> Rows:
    rows: Rows = []
    kinds = [("domain", code) for code in DOMAINS] + [
        ("service", c) for c in ("health", "legal", "education", "livelihood")
    ]
    for k, (kind, code) in enumerate([*kinds, ("recording", "assessments_on_time"), ("recording", "items_scored")]):
        status = ("strength", "below", "as_expected", "insufficient", "as_expected", "refused", "hidden")[(i + k) % 7]
        measure = f"gain_{code.lower()}" if kind == "domain" else "restored_24m"
        ratio = {"strength": 1.4, "below": 0.6, "as_expected": 1.02}.get(status)
        if ratio is None:
            reason = "fewer than 5 expected" if status == "insufficient" else None
            rows.append(
                (partner, label, kind, code, measure, None, None, None, None, None, None, None, 0, None, status, reason)
            )
            continue
        rows.append(
            (
                partner,
                label,
                kind,
                code,
                measure,
                90,
                round(30 * ratio, 1),
                30,
                ratio,
                round(ratio * 0.8, 2),
                round(ratio * 1.2, 2),
                0.96 if status == "below" else 0.04,
                k % 3,
                "2026Q2" if k % 3 else None,
                status,
                None,
            )
        )
    return rows


def _standings(offices: int, partners: int) -> Tables:
    columns = "label measure n observed expected ratio lower upper shrunken status reason"
    named = [(f"partner-{i}", f"Partner {i:02d}") for i in range(partners)]
    trainings: Rows = [
        (code, label, topic, 2, "2026Q2") for code, label in named[::2] for topic in ("SAF", "trauma_care")
    ]
    return {
        "offices": (
            f"office_id {columns}",
            [row for i in range(offices) for row in _standing(f"O{i}", f"Office {i:02d}", i)],
        ),
        "partners": (
            f"partner_id {columns}",
            [row for i, (code, label) in enumerate(named) for row in _standing(code, label, i)],
        ),
        "training_needs": (
            "partner_id label kind code measure n observed expected ratio lower upper probability_below n_trainings "
            "last_training_quarter status reason",
            [row for i, one in enumerate(named) for row in _training_needs(*one, i)],
        ),
        "trainings": ("partner_id label topic n_trainings last_training_quarter", trainings),
    }


def _quality(offices: int) -> Tables:
    changes: Rows = []
    for domain in (*DOMAINS, "TOTAL"):
        changes.append((domain, "overall", "all", "all", 1800, 55, 30, 10, 1.9, 2.6, "shown"))
        changes += [(domain, "casework_type", code, code, 200, 50, 25, 10, 2.0, 2.5, "shown") for code in CASEWORK[:4]]
        changes.append(
            (domain, "casework_type", "land_theft", "land_theft", None, None, None, None, None, None, "hidden")
        )
    quality: Rows = [
        ("all", "all", "aso_completeness", 5000, 92, "shown"),
        ("all", "all", "entry_within_30_days", 4800, 81, "shown"),
    ]
    quality += [
        (
            f"O{i}",
            f"Office {i:02d}",
            "aso_completeness",
            None if i % 5 == 4 else 250,
            None if i % 5 == 4 else 85 + i % 10,
            "hidden" if i % 5 == 4 else "shown",
        )
        for i in range(offices)
    ]
    return {
        "domain_changes": (
            "domain_code stratum stratum_value label n percent_measurable percent_substantial percent_worse mean_initial "
            "mean_latest status",
            changes,
        ),
        "changes": (
            "table measure before after cause status",
            [
                ("core.fct_episode", "episodes", 4900, 5000, "new_data", "shown"),
                ("outcomes.curve", "restored_24m", 40, 41, "new_data", "shown"),
                ("core.dim_partner", "partners", None, None, "new_data", "hidden"),
            ],
        ),
        "quality": ("office_id label measure n percent status", quality),
        "checks_summary": ("severity status n_checks", [("block", "pass", 140), ("warn", "warn", 2)]),
        "checks_spoken": (
            "check_id family table_name status threshold because",
            [
                (
                    "fct_score.missing",
                    "values",
                    "aso.fct_score",
                    "warn",
                    "<= 10 %",
                    "missing items make scores uncertain",
                )
            ],
        ),
        "exclusions": ("reason n_survivors status", [("no_consent", 120, "shown"), ("erased", None, "hidden")]),
        "definitions": (
            "name version value since",
            [("restoration_cutoff", 2, "3.0", "2026-06-01"), ("month_days", 1, "30.4375", "2026-01-01")],
        ),
    }
