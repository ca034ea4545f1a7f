"""Dirty values."""

from dataclasses import dataclass, field
from typing import Any

import duckdb

from flows.extract.simulate.parameters import Parameters

TEXT_COLUMNS: dict[str, tuple[str, ...]] = {"aftercare_episodes": ("intake_date",), "aso_scores": ("score",)}


@dataclass
class Planted:
    rules: dict[str, dict[str, Any]] = field(default_factory=dict)
    tokens: list[str] = field(default_factory=list)


def plant(connection: duckdb.DuckDBPyConnection, parameters: Parameters, night: int) -> Planted:
    """Nothing yet."""
    return Planted()
