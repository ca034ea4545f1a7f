"""P5, P6, R30: what an attacker can work out of share/, with everything but the people in the cells known to him."""

import os
import random
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

import pytest

from flows.publish.disclosure import rounded
from flows.publish.linked import Past, linked_hidden
from flows.publish.share import write_share
from flows.publish.sharing.cells import State
from flows.publish.sharing.columns import EPISODES
from flows.warehouse import Home
from tests.privacy.attack import Knowledge, learn, read
from tests.unit.publish.builds import make_facts
from tests.unit.publish.share_builds import make_full_build

TIMES = int(os.environ.get("ATTACK_TIMES", "1"))
EDGES = (0, 1, 2, 5, 9, 10, 11, 12, 13, 14, 15, 17, 18, 21, 22, 23, 33, 40, 80, 200)


def tables(n: int, seed: int) -> Iterator[dict[str, int]]:
    """Random small tables, with many counts at the edges of the rule."""
    draw = random.Random(seed)
    for _ in range(n):
        yield {f"g{i}": draw.choice(EDGES) for i in range(draw.randint(1, 7))}


def publish(known: Knowledge, counts: Mapping[str, int], hidden: object, at: object) -> None:
    """What a table says when these cells are hidden; its total is known exactly unless it is too small to be told."""
    for name, count in counts.items():
        known.number((at, name), None if name in hidden else rounded(count))  # type: ignore[operator]
    if sum(counts.values()) >= 11:
        known.total([(at, name) for name in counts], sum(counts.values()))


@pytest.mark.parametrize("seed", range(TIMES))
def test_p5_no_hidden_cell_of_one_table_is_narrowed(seed: int):
    for counts in tables(40, seed):
        known = Knowledge(is_whole=True)
        publish(known, counts, linked_hidden(counts).cells, "now")
        assert sum(counts.values()) < 11 or known.exposed() == {}, counts


@pytest.mark.parametrize("seed", range(TIMES))
def test_p5_no_hidden_part_is_narrowed_by_its_whole(seed: int):
    """A table of parts beside one of wholes: those assessed twice beside all, those of an office's partners beside it."""
    draw = random.Random(1000 + seed)
    for wholes in tables(30, 100 + seed):
        parts = {name: n - min(n, draw.choice((0, 0, 1, 2, 5, 11, 20))) for name, n in wholes.items()}
        above = linked_hidden(wholes)
        caps = {name: n for name, n in wholes.items() if name not in above.cells}
        below = linked_hidden(parts, also=above.cells, caps=caps, whole=sum(wholes.values()))
        known = Knowledge(is_whole=True)
        publish(known, wholes, above.cells, "whole")
        for name, count in parts.items():
            known.number(("part", name), None if name in below.cells else rounded(count))
            known.no_more(("part", name), ("whole", name))
        if not below.total:
            known.total([("part", name) for name in parts], sum(parts.values()))
        if sum(wholes.values()) >= 11 and not below.total:
            assert known.exposed() == {}, (wholes, parts)


@pytest.mark.parametrize("seed", range(TIMES))
def test_p5_no_hidden_cell_is_narrowed_by_the_table_of_the_month_before_or_after(seed: int):
    """Groups only grow, and the attacker knows it: four months of one table, told apart by nothing but what is shown."""
    draw = random.Random(2000 + seed)
    for first in tables(20, 200 + seed):
        known, counts, past = Knowledge(is_whole=True), dict(first), None
        for month in range(4):
            hiding = linked_hidden(counts, past=past)
            publish(known, counts, hiding.cells, month)
            if hiding.total and sum(counts.values()) >= 11:
                known.sums.pop()
            for name in past.counts if past else ():
                known.no_more((month - 1, name), (month, name))
            past = Past(dict(counts), hiding.cells, total=hiding.total, older=tuple(past.chain()) if past else ())
            counts = {name: n + draw.choice((0, 0, 0, 1, 2, 3, 12, 30)) for name, n in counts.items()}
            if draw.random() < 0.2:
                counts[f"new{month}"] = draw.choice((1, 3, 9, 12, 30))
        told = known.exposed(only=never_shown(known))
        small = {at for at in range(4) if sum(first.values()) < 11}
        assert not {name: found for name, found in told.items() if name[0] not in small}, (first, told)


def share(tmp_path: Path, name: str, *, past: State | None = None, as_of: date = date(2026, 11, 1), **build: int):
    """The tables of a release, the exact totals behind them, and its state."""
    path = make_full_build(tmp_path / f"{name}.duckdb", as_of=as_of, **build)
    facts = make_facts(Home(tmp_path), sequence=1, as_of=as_of)
    state = write_share(path, tmp_path / name, facts, past=past)
    return read(tmp_path / name), totals_of(state), state


def totals_of(state: State) -> dict[tuple[object, ...], int]:
    """Every total, exactly."""
    totals: Counter[tuple[object, ...]] = Counter()
    for table, rows in state.tables.items():
        for row in rows.values():
            if table.startswith("episodes_by_"):
                totals[(table,)] += row.n
            elif table == "fairness" and row.key[1] == "sex":
                totals[("fairness", row.key[3])] += row.n
                totals[("fairness", row.key[3], "positive")] += row.counts["yes"]
            elif "overall" in row.key and table != "curves":
                about = (row.key[0], row.key[1], row.key[4]) if table == "service_descriptions" else (row.key[0],)
                totals[(table, *about)] = row.n
    return dict(totals)


PARTNERS = {f"P{i}{j}": f"O{i}" for i in range(5) for j in range(3)}


@pytest.mark.parametrize(("n", "seed"), [(60, 1), (400, 2), *((150 + 100 * i, 10 + i) for i in range(TIMES - 1))])
def test_p5_r30_no_hidden_number_of_a_release_is_narrowed_by_all_of_its_tables(tmp_path: Path, n: int, seed: int):
    tables, totals, _ = share(tmp_path, "share", n=n, seed=seed)
    known = Knowledge(is_whole=TIMES > 1)
    learn(known, tables, totals, partners=PARTNERS)
    assert len(known.hidden) > 50
    assert known.exposed() == {}


def never_shown(known: Knowledge) -> list[tuple[object, ...]]:
    """Hidden numbers that no earlier release showed: what was shown once is hidden later for the sake of others only."""
    shown = {name for name in known.low if name not in set(known.hidden)}
    return [
        (at, *name) for at, *name in known.hidden if not any((before, *name) in shown for before in range(int(str(at))))
    ]


NIGHTS = ((date(2026, 11, 1), 300), (date(2026, 11, 2), 303), (date(2026, 11, 30), 318), (date(2026, 12, 1), 319),
          (date(2026, 12, 2), 321), (date(2027, 1, 3), 344))  # fmt: skip


@pytest.mark.parametrize("seed", range(20, 20 + TIMES))
def test_p5_no_hidden_number_is_narrowed_by_the_releases_before_and_after(tmp_path: Path, seed: int):
    """Nights and months of a home that grows; the attacker has kept every release, and knows that groups only grow."""
    known, past, before = Knowledge(is_whole=TIMES > 1), None, set()
    for at, (as_of, n) in enumerate(NIGHTS):
        tables, totals, past = share(tmp_path, f"night{at}", past=past, as_of=as_of, n=n, seed=seed)
        kept = {name: rows if name in SERIES else [] for name, rows in tables.items() if name in READ}
        learn(known, kept, totals, at=at, partners=PARTNERS)
        now = {name[1:] for name in known.low if name[0] == at}
        for name in now & before:
            known.no_more((at - 1, *name), (at, *name))
        before = now
    secret = never_shown(known)
    assert len(secret) > 40
    assert known.exposed(only=secret) == {}


READ = {f"episodes_by_{name}" for name in EPISODES}
READ |= {"optimal_time", "service_descriptions", "domain_changes", "fairness", "offices", "partners"}
SERIES = READ - {"domain_changes", "fairness", "service_descriptions", "partners"}


def test_the_attack_finds_a_release_that_hides_only_small_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def only_small(counts: Mapping[str, int], **_: object) -> set[str]:
        return {name for name, count in counts.items() if count < 11}

    monkeypatch.setattr("flows.publish.linked.one_way_hidden", only_small)
    monkeypatch.setattr("flows.publish.linked.is_protected", lambda *_: True)
    monkeypatch.setattr("flows.publish.share.check_share", lambda *_, **__: None)
    tables, totals, _ = share(tmp_path, "share", n=200, seed=3)
    known = Knowledge()
    learn(known, {name: rows if name in SERIES else [] for name, rows in tables.items()}, totals, partners=PARTNERS)
    assert known.exposed()


def test_the_attack_finds_what_is_hidden_badly():
    """The solver is no use unless it sees a table that gives a cell away."""
    counts = {"a": 5, "b": 40, "c": 60}
    lone = Knowledge()
    publish(lone, counts, {"a"}, 0)
    assert lone.exposed() == {(0, "a"): (1, 9)}
    past = Knowledge()
    publish(past, {"b": 40, "c": 60}, (), 0)
    publish(past, {"a": 3, "b": 40, "c": 60}, {"a", "b"}, 1)
    for name in "bc":
        past.no_more((0, name), (1, name))
    assert past.exposed() == {(1, "a"): (0, 3), (1, "b"): (38, 45)}
