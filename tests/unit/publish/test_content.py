from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.publish.content import content_hash, content_hashes
from tests.unit.publish.builds import make_build


def hash_of(rows: list[tuple[object, ...]], types: tuple[str, ...] = ("varchar", "double")) -> str:
    with duckdb.connect() as connection:
        connection.execute("attach ':memory:' as c")
        connection.execute("create schema c.core")
        connection.execute(f"create table c.core.t ({', '.join(f'c{i} {kind}' for i, kind in enumerate(types))})")
        for row in rows:
            connection.execute(f"insert into c.core.t values ({', '.join('?' * len(types))})", list(row))
        return content_hash(connection, "c", "core.t", {f"c{i}": kind.upper() for i, kind in enumerate(types)})


@settings(max_examples=25, deadline=None)
@given(rows=st.lists(st.tuples(st.text(max_size=5), st.floats(-9, 9)), min_size=2, max_size=6), seed=st.randoms())
def test_the_order_of_rows_does_not_matter(rows, seed):
    shuffled = rows[:]
    seed.shuffle(shuffled)
    assert hash_of(rows) == hash_of(shuffled)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (0.1 + 0.2, 0.3, True),
        (0.0, -0.0, True),
        (1.00000001, 1.00000002, False),
        (1.0000000001, 1.0000000002, True),
        (None, 0.0, False),
        (float("nan"), None, False),
        (float("nan"), float("nan"), True),
    ],
)
def test_floats_count_to_nine_digits(one, other, same):
    assert (hash_of([("a", one)]) == hash_of([("a", other)])) is same


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("a|1:b", "c"), ("a", "b|1:c")),
        (("", None), (None, "")),
        (("~", None), (None, "~")),
        (("ab", "c"), ("a", "bc")),
        (("x", "y"), ("y", "x")),
    ],
)
def test_different_texts_never_look_the_same(one, other):
    types = ("varchar", "varchar")
    assert hash_of([one], types) != hash_of([other], types)


def test_a_row_twice_is_not_a_row_once():
    assert hash_of([("a", 1.0)]) != hash_of([("a", 1.0), ("a", 1.0)])
    assert hash_of([("a", 1.0), ("a", 1.0)]) != hash_of([])


@pytest.mark.parametrize("seed", [0.1, 0.7])
def test_f60_f61_rebuilt_in_another_order_and_from_another_delivery_it_is_the_same(tmp_path: Path, build: Path, seed):
    other = make_build(tmp_path / "b.duckdb", order=f"hash(i * {seed})")
    one, two = content_hashes(build), content_hashes(other)
    assert one == two
    assert "meta.release" not in one
    assert "staging.private" not in one


def test_another_extract_with_the_same_rows_hashes_the_same_but_other_offices_do_not(tmp_path: Path, build: Path):
    one, two = content_hashes(build), content_hashes(make_build(tmp_path / "b.duckdb", stamp="two"))
    assert {table for table in one if one[table] != two[table]} == {"core.dim_office"}
