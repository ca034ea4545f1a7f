"""The tables of the aso schema: assessments, scores, snapshots, change."""

from __future__ import annotations

from typing import Any

import pandas as pd

from tests.oracle.contract import DOMAINS, code
from tests.oracle.episodes import Episode
from tests.oracle.forms import Form
from tests.oracle.rules import rules
from tests.oracle.stages import by_episode


def fct_assessment(forms: list[Form]) -> pd.DataFrame:
    """One row per assessment."""
    lines = [
        {
            "assessment_key": form.key,
            "episode_key": form.episode.key,
            "day": form.day,
            "stage_raw": code("stage", form.row["stage"], unknown=None),
            "stage": form.stage,
            "assessor_key": form.row["assessor_id"],
            "instrument_version": form.row["instrument_version"],
            "setting": code("setting", form.row["setting"]),
            **_measures(form),
            "n_domains": len(form.means),
            "n_scored": form.n("scored"),
            "n_not_applicable": form.n("not_applicable"),
            "n_missing": form.n("missing"),
            "is_restored": form.is_restored,
        }
        for form in forms
    ]
    columns = [
        "assessment_key",
        "episode_key",
        "day",
        "stage_raw",
        "stage",
        "assessor_key",
        "instrument_version",
        "setting",
        *MEASURES,
        "n_domains",
        "n_scored",
        "n_not_applicable",
        "n_missing",
        "is_restored",
    ]
    return pd.DataFrame(lines, columns=columns).astype(dict.fromkeys(MEASURES, "Float64"))


MEASURES = (*(domain.lower() for domain in DOMAINS), "total")


def _measures(form: Form) -> dict[str, float | None]:
    return {**{domain.lower(): form.value(domain) for domain in DOMAINS}, "total": form.total}


def fct_score(forms: list[Form]) -> pd.DataFrame:
    """One row per assessment and indicator."""
    lines = [
        (form.key, form.episode.key, indicator, rules().items[indicator].domain, score, status)
        for form in forms
        for indicator, (score, status) in form.scores.items()
    ]
    columns = ["assessment_key", "episode_key", "indicator_code", "domain_code", "score", "score_status"]
    return pd.DataFrame(lines, columns=columns).astype({"score": "Int64"})


def snapshot(forms: list[Form]) -> pd.DataFrame:
    """One row per episode and stage that was assessed."""
    lines = [
        {
            "episode_key": form.episode.key,
            "stage": form.stage,
            "assessment_key": form.key,
            "day": form.day,
            **_measures(form),
            "is_restored": form.is_restored,
        }
        for form in forms
        if form.stage != "interim"
    ]
    columns = ["episode_key", "stage", "assessment_key", "day", *MEASURES, "is_restored"]
    return pd.DataFrame(lines, columns=columns).astype(dict.fromkeys(MEASURES, "Float64"))


def change(forms: list[Form], episodes: list[Episode]) -> pd.DataFrame:
    """One row per episode and domain (and TOTAL) that both the initial form and the latest one have."""
    # READING: latest is one form for all domains: the last, even if it lacks a domain an earlier one had.
    # READING: measurable and substantial are gains, not sizes; is_worse is any loss (delta < 0 after rounding).
    episode_of = {episode.key: episode for episode in episodes}
    lines = []
    for key, chronological in by_episode(forms).items():
        last_day = episode_of[key].last_day_of_forms
        baseline = next((form for form in chronological if form.stage == "initial"), None)
        if baseline is None:
            continue
        later = [
            form for form in chronological if form.day > baseline.day and (last_day is None or form.day <= last_day)
        ]
        if later:
            lines += [_change(baseline, later[-1], domain) for domain in (*DOMAINS, "TOTAL")]
    columns = [
        "episode_key",
        "domain_code",
        "initial",
        "latest",
        "delta",
        "is_measurable",
        "is_substantial",
        "is_worse",
        "assessor_changed",
    ]
    frame = pd.DataFrame([line for line in lines if line is not None], columns=columns)
    return frame.astype({"assessor_changed": "boolean"})


def _change(baseline: Form, latest: Form, domain: str) -> dict[str, Any] | None:
    first, last = baseline.value(domain), latest.value(domain)
    if first is None or last is None:
        return None
    delta = round(last - first, 9)
    assessors = baseline.row["assessor_id"], latest.row["assessor_id"]
    return {
        "episode_key": baseline.episode.key,
        "domain_code": domain,
        "initial": first,
        "latest": last,
        "delta": last - first,
        "is_measurable": delta >= round(3 * rules().measurable_change, 9),
        "is_substantial": delta >= round(3 * rules().substantial_change, 9),
        "is_worse": delta < 0,
        "assessor_changed": None if None in assessors else assessors[0] != assessors[1],
    }
