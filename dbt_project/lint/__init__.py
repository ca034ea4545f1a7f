"""What dbt puts into a template and sqlfluff does not: the project's variables, a target, a model with columns.

Only sqlfluff reads this, so that the models are linted as they will run, without dbt and without a database.
"""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml as _yaml

_PROJECT = _yaml.safe_load((Path(__file__).parents[1] / "dbt_project.yml").read_text(encoding="utf-8"))

target = SimpleNamespace(name="build", schema="main")
model = SimpleNamespace(columns={"declared": SimpleNamespace(name="declared", data_type="varchar")})


def var(name: str, default: Any = None) -> Any:
    """The value of a variable in dbt_project.yml."""
    return _PROJECT["vars"].get(name, default)


def source(schema: str, table: str) -> str:
    """A source as it is written in SQL."""
    return f"{schema}.{table}"
