"""What is true of a simulated delivery: written beside it, never inside."""

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np
import pyarrow as pa

from flows.extract.simulate import mechanism, places
from flows.extract.simulate.columns import PERSONAL
from flows.extract.simulate.frame import MONTH_DAYS, NEVER, Column, pick, stream
from flows.extract.simulate.parameters import Parameters, to_json
from flows.extract.simulate.world import World

MONTHS: Final = (6, 12, 18, 24, 36)
_PEOPLE: Final = 40_000
_STEP: Final = 0.25
_IDS: Final = 200


@lru_cache(maxsize=16)
def curves(parameters: Parameters) -> dict[str, Any]:
    """The true curves, by name, at `MONTHS`: the population is integrated over, not followed, so the error is ~0.001.

    `restored` is the cumulative incidence of restoration before any exit; `lost` and `other_exit` of leaving before it.
    `counterfactual` gives `restored` if therapy began at intake for all, and for nobody.
    """
    rng = stream(parameters, 0, "truth")
    offices = places.offices(parameters)
    office = pick(rng, _PEOPLE, tuple(offices["weight"]))
    drawn = mechanism.draw(parameters, rng, rng.standard_normal(_PEOPLE), offices["effect"][office])
    therapy = drawn["therapy_day"] / MONTH_DAYS
    restored, remaining = _incidence(parameters, drawn["log_hazard"], therapy)
    at_once, _ = _incidence(parameters, drawn["log_hazard"], np.zeros(_PEOPLE))
    never, _ = _incidence(parameters, drawn["log_hazard"], np.full(_PEOPLE, 1e9))
    return {
        "months": list(MONTHS),
        "restored": _at_months(restored),
        "lost": _at_months(parameters.lost_rate * remaining),
        "other_exit": _at_months(parameters.other_rate * remaining),
        "counterfactual": {"therapy_at_intake": _at_months(at_once), "no_therapy": _at_months(never)},
    }


def _incidence(parameters: Parameters, log_hazard: Column, therapy: Column) -> tuple[Column, Column]:
    """Cumulative incidence of restoration before any exit, and mean months in care and not restored, on the grid."""
    grid = np.arange(0, max(MONTHS) + _STEP, _STEP)
    shape, scale = parameters.weibull_shape, parameters.weibull_scale_months
    until = np.minimum(grid[:, None], therapy[None, :]) / scale
    whole = (grid[:, None] / scale) ** shape
    until **= shape
    hazard = (until + np.exp(parameters.therapy_effect) * (whole - until)) * np.exp(log_hazard)[None, :]
    unrestored = np.exp(-hazard).mean(axis=1)
    stays = np.exp(-parameters.exit_rate * (grid[1:] - _STEP / 2))
    between = (unrestored[1:] + unrestored[:-1]) / 2
    restored = np.concatenate([[0.0], np.cumsum(-np.diff(unrestored) * stays)])
    return restored, np.concatenate([[0.0], np.cumsum(between * stays * _STEP)])


def _at_months(curve: Column) -> list[float]:
    return [round(float(curve[round(month / _STEP)]), 6) for month in MONTHS]


def write_truth(
    folder: Path,
    parameters: Parameters,
    night: int,
    world: World,
    connection: duckdb.DuckDBPyConnection,
    faults: Mapping[str, Mapping[str, Any]],
    fault_tokens: list[str],
) -> None:
    """Writes `truth.json`, `faults.json`, `latent.parquet` and `canaries.txt` into a folder of their own."""
    folder.mkdir(parents=True, exist_ok=True)
    truth = {
        "night": night,
        "parameters": to_json(parameters),
        "hazards": {
            "baseline": "weibull: (months / scale) ** shape, cumulative",
            "shape": parameters.weibull_shape,
            "scale_months": parameters.weibull_scale_months,
            "lost_per_month": parameters.lost_rate,
            "other_exit_per_month": parameters.other_rate,
        },
        "curve": curves(parameters),
        "indicator_effects": dict(parameters.indicator_effects),
        "service_effect": {
            "service": "health_services.trauma_therapy",
            "log_hazard_ratio": parameters.therapy_effect,
            "given": "the scores at intake, the office and what no form records",
        },
    }
    _write_json(folder / "truth.json", truth)
    _write_json(folder / "faults.json", faults)
    connection.register("latent", _latent(world))
    target = str(folder / "latent.parquet").replace("'", "''")
    connection.execute(f"copy (select raw('E', episode) as episode_id, * exclude (episode) from latent) to '{target}'")
    _write_canaries(folder / "canaries.txt", connection, fault_tokens)


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _latent(world: World) -> pa.Table:
    """What nobody sees, one row per episode as written; days count from the intake of the whole stay."""
    episodes, stays = world.episodes, world.stays
    row = np.searchsorted(stays["id"], episodes["stay"])
    return pa.table(
        {
            "episode": episodes["id"],
            "stay": episodes["stay"],
            "part": episodes["part"],
            "stay_intake": pa.array(stays["intake"][row].astype("datetime64[D]")),
            "recorded_from_day": np.maximum(stays["recorded_from"][row], 0),
            "restored_day": stays["restored_day"][row],
            "therapy_day": stays["therapy_day"][row],
            "exit_day": stays["exit_day"][row],
            "seen_day": pa.array(stays["seen_day"][row], mask=stays["seen_day"][row] == NEVER),
            "need": stays["need"][row],
            "log_hazard": stays["log_hazard"][row],
        }
    )


def _write_canaries(path: Path, connection: duckdb.DuckDBPyConnection, fault_tokens: list[str]) -> None:
    """One a line: the token of every personal text in the delivery, unknown texts planted, and some raw ids."""
    parts = [
        f"select distinct regexp_extract({column}, 'Qx[0-9a-f]{{12}}') as canary from {table} where {column} > ''"
        for table, columns in PERSONAL.items()
        for column in columns
    ]
    parts += [
        f"select * from (select distinct {column} as canary from {table} where {column} is not null limit {_IDS})"
        for table, column in _SAMPLED_IDS
    ]
    found = connection.sql(" union ".join(parts)).fetchall()
    lines = sorted({*(text for (text,) in found), *fault_tokens})
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


_SAMPLED_IDS: Final = (
    *(("survivors", "survivor_id"), ("survivors", "household_id"), ("cases", "case_id")),
    *(("cases", "rescue_operation_id"), ("aftercare_episodes", "episode_id"), ("aso_assessments", "assessment_id")),
    *(("aso_assessments", "assessor_id"), ("health_services", "health_service_id")),
)
