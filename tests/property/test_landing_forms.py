"""However a delivery is written down, landing reads the same cells: quoting, column order, Parquet types, part files. F12, F17."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterable
from datetime import date, datetime
from math import isnan
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.extract.contract import Column, jds
from flows.extract.folder import open_folder
from tests.nights import landed, stamp
from tests.property.worlds import make_world
from tests.unit.oracle.small import Delivery

NOTES = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=40) | st.text(
    "\",\n\r;='#é漢", max_size=12
)


@given(notes=st.lists(NOTES, min_size=1, max_size=8))
@settings(max_examples=40, deadline=None)
def test_F12_no_text_shifts_a_column(notes: list[str]) -> None:
    delivery = Delivery(bare=True)
    for table in ("offices", "survivors", "cases", "aftercare_episodes"):
        delivery.add(table)
    for number, note in enumerate(notes):
        delivery.add("aso_assessments", assessment_id=f"a{number}", notes=note, setting="shelter")
    with tempfile.TemporaryDirectory() as name:
        folder = stamp(delivery.write(Path(name) / "delivery", "incremental"))
        scan = open_folder(folder, jds()).scan("aso_assessments")
        rows = duckdb.sql(f"select assessment_id, setting, notes from ({scan})").fetchall()
    expected = sorted((f"a{number}", "shelter", note or None) for number, note in enumerate(notes))
    assert sorted(rows, key=str) == sorted(expected, key=str)


def raw_rows(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every landed row of every table, in no order; what depends on the text form of a repeated row is left out."""
    found = {}
    for table in jds().tables:
        file = str(folder / f"{table}.parquet")
        found[table] = sorted(
            duckdb.sql(f"select * exclude (row_digest) from read_parquet('{file}')").fetchall(), key=str
        )
    return found


def as_parquet(folder: Path, source: Path, seed: int) -> Path:
    """The delivery of a CSV folder as typed Parquet, each table in three parts with the columns in another order."""
    rng = np.random.default_rng(seed)
    folder.mkdir()
    manifest = json.loads((source / "manifest.json").read_text(encoding="utf-8"))
    delivery = open_folder(source, jds())
    for name, table in jds().tables.items():
        rows = duckdb.sql(delivery.scan(name)).fetchall()
        entry: dict[str, list[object]] = {"file": [], "rows": [], "sha256": []}
        for number, part in enumerate(np.array_split(np.arange(len(rows)), 3)):
            columns = {
                column.name: typed(column, [rows[row][place] for row in part], rng)
                for place, column in enumerate(table.columns)
            }
            order = rng.permutation(list(columns))
            path = folder / f"{name}-{number}.parquet"
            pq.write_table(pa.table({str(column): columns[str(column)] for column in order}), path)
            entry["file"].append(path.name)
            entry["rows"].append(len(part))
            entry["sha256"].append(hashlib.sha256(path.read_bytes()).hexdigest())
        manifest["tables"][name] = entry
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return folder


def typed(column: Column, texts: list[str | None], rng: np.random.Generator) -> pa.Array:
    """The cells in a type that a database might have for them; text where one of them cannot be so cast."""
    if all(text is None for text in texts):
        return pa.nulls(len(texts))
    try:
        return TYPED[column.kind](texts, rng)
    except (KeyError, ValueError, pa.ArrowInvalid):
        return pa.array(texts, pa.string())


def _dates(texts: Iterable[str | None], rng: np.random.Generator) -> pa.Array:
    days = pa.array([None if text is None else date.fromisoformat(text) for text in texts], pa.date32())
    return days if rng.random() < 0.5 else days.cast(pa.timestamp("us"))


def _stamps(texts: Iterable[str | None], rng: np.random.Generator) -> pa.Array:
    return pa.array(
        [None if text is None else datetime.fromisoformat(text) for text in texts], pa.timestamp("us", tz="UTC")
    )


def _booleans(texts: Iterable[str | None], rng: np.random.Generator) -> pa.Array:
    values = {"true": True, "false": False, None: None}
    return pa.array([values[text] for text in texts], pa.bool_())


def _numbers(texts: Iterable[str | None], rng: np.random.Generator) -> pa.Array:
    numbers = [None if text is None else float(text) for text in texts]
    if any(number is not None and isnan(number) for number in numbers):
        raise ValueError("NaN among numbers is a null, and no text that cannot be read")
    return pa.array(numbers, pa.float64())


def _codes(texts: Iterable[str | None], rng: np.random.Generator) -> pa.Array:
    array = pa.array(texts, pa.string())
    return array.dictionary_encode() if rng.random() < 0.5 else array.cast(pa.large_string())


TYPED = {
    "date": _dates, "birth_year": _dates, "timestamp": _stamps, "bool": _booleans, "number": _numbers, "int": _numbers, "code": _codes,
}  # fmt: skip


@pytest.mark.parametrize("seed", [5, 6])
def test_F17_csv_and_typed_parquet_in_parts_land_alike(tmp_path: Path, seed: int) -> None:
    source = stamp(make_world(seed, 60).write(tmp_path / "csv"))
    parquet = as_parquet(tmp_path / "parquet", source, seed)
    one, other = landed(source, tmp_path / "raw"), landed(parquet, tmp_path / "raw of parquet")
    assert raw_rows(one.folder) == raw_rows(other.folder)


def test_ids_that_came_as_floats_land_as_whole_numbers(tmp_path: Path) -> None:
    delivery = (
        Delivery()
        .change("survivors", survivor_id="17", household_id="5")
        .change("aftercare_episodes", survivor_id="17")
    )
    delivery.add("survivors", survivor_id="18", household_id=None)
    source = stamp(delivery.write(tmp_path / "csv", "incremental"))
    parquet = as_parquet(tmp_path / "parquet", source, 1)
    table = pa.table({
        column.name: [float(value) if value is not None and column.name in ("survivor_id", "household_id") else value for value in values]
        for column, values in zip(
            jds().tables["survivors"].columns,
            zip(*duckdb.sql(open_folder(source, jds()).scan("survivors")).fetchall(), strict=True),
            strict=True,
        )
    })  # fmt: skip
    pq.write_table(table, parquet / "survivors-0.parquet")
    manifest = json.loads((parquet / "manifest.json").read_text(encoding="utf-8"))
    digest = hashlib.sha256((parquet / "survivors-0.parquet").read_bytes()).hexdigest()
    manifest["tables"]["survivors"] = {"file": "survivors-0.parquet", "rows": 2, "sha256": digest}
    (parquet / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    one, other = landed(source, tmp_path / "raw"), landed(parquet, tmp_path / "raw of parquet")
    assert raw_rows(one.folder) == raw_rows(other.folder)
