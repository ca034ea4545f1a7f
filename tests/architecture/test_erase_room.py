"""flows/erase knows the home, landing and publication, and nothing of nights, Prefect, dbt or models."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.architecture.tree import imports, shipped

ALLOWED = (
    "flows.erase",
    "flows.casework",
    "flows.reviews",
    "flows.extract",
    "flows.publish",
    "flows.errors",
    "flows.warehouse",
)


@pytest.mark.parametrize("path", shipped("flows/erase"), ids=lambda path: path.as_posix())
def test_erase_knows_only_the_files_of_a_home(path: Path) -> None:
    own = {name for name in imports(path) if name.split(".")[0] in {"flows", "ml", "expectations", "prefect", "dbt"}}
    foreign = {
        name for name in own - {"flows"} if not any(name == one or name.startswith(f"{one}.") for one in ALLOWED)
    }
    assert foreign == set()
