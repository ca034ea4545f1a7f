"""A thousand random histories for every definition: the marts and the second reading agree, and each edge was stood on."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.nights import KEY
from tests.property.reach import reach
from tests.property.readings import disagreement, write
from tests.property.worlds import AS_OF, make_world, with_keys

# What a definition turns on, by the names of tests/property/reach.py.
EDGES = {
    "episode": {"0", "29", "30", "31", "continued", "apart"},
    "days": {"zero length", "delayed entry", "left"},
    "outcome": {"restored", "lost_contact", "withdrew", "transferred", "relocated", "deceased", "aged_out", "program_end", "other"},
    "restored": {"4 domains", "5 domains", "6 domains"},
    "interval": {"both", "right only", "left only"},
    "stage": {"initial", "mid", "end", "sustained", "day 60", "day 61", "exit ± 60", "exit ± 61"},
    "two-forms": {"one later", "entered together"},
    "change": {"compared"},
    "timeline": {"delivered", "one day", "not delivered"},
    "month": {"counted", "edge of 91 days"},
    "merge": {"one step", "chain"},
    "consent": {"survivors", "aftercare_episodes", "aso_assessments"},
    "bucket": {"collapsed", "tombstoned", "excluded", "equal_stamps", "orphan", "parent_quarantined", "assessed_too_early"},
    "caseload": {"open", "closed"},
}  # fmt: skip


def test_a_small_world_stands_on_every_edge(tmp_path: Path) -> None:
    [folder] = write(tmp_path, [with_keys(make_world(1), KEY)])
    found = reach(folder, as_of=AS_OF)
    assert {
        definition: edges - set(found[definition])
        for definition, edges in EDGES.items()
        if edges - set(found[definition])
    } == {}


@pytest.mark.slow
def test_a_thousand_histories_of_each_definition_agree(tmp_path: Path) -> None:
    """Worlds until every definition has had its thousand histories and every edge fifty."""
    total: dict[str, Counter[str]] = {definition: Counter() for definition in EDGES}
    for seed in (21, 22):
        world = make_world(seed, 4000)
        [folder] = write(tmp_path / f"{seed}", [with_keys(world, KEY)])
        for definition, counts in reach(folder, as_of=AS_OF).items():
            total[definition] += counts
        assert disagreement(tmp_path / f"{seed} both", tmp_path / "dbt", [world], as_of=AS_OF) == {}
    assert {definition: counts["any"] for definition, counts in total.items() if counts["any"] < 1000} == {}
    few = {f"{definition}: {edge}": total[definition][edge] for definition in EDGES for edge in EDGES[definition]}
    assert {edge: n for edge, n in few.items() if n < 50} == {}
