"""Deliveries that keep to the contract in forms of their own: each lands as the plain one does. F12, F17."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from flows.extract.contract import jds
from flows.extract.folder import open_folder
from flows.extract.simulate import Parameters, write_delivery
from flows.warehouse import parquet
from tests.nights import landed, sign

TABLES = tuple(jds().tables)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same small delivery as CSV and as Parquet."""
    folder = tmp_path_factory.mktemp("plain")
    return {fmt: write_delivery(folder / fmt, Parameters(survivors=60), fmt=fmt).folder for fmt in ("csv", "parquet")}


def cells(source: Path, raw: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every landed row of every table, in no order."""
    extract, read = landed(source, raw), "select * exclude (row_digest) from {}"
    return {
        table: sorted(duckdb.sql(read.format(parquet(extract.file(table)))).fetchall(), key=str) for table in TABLES
    }


def rewritten(
    source: Path, to: Path, change: Callable[[str, pa.ChunkedArray], pa.ChunkedArray | None], *only: str
) -> Path:
    """The Parquet delivery with columns in another form; `change` gives None for those it leaves."""
    shutil.copytree(source, to)
    for name in only or TABLES:
        table = pq.read_table(to / f"{name}.parquet")
        for place, column in enumerate(table.column_names):
            changed = change(column, table[column])
            if changed is not None:
                table = table.set_column(place, column, changed)
        pq.write_table(table, to / f"{name}.parquet")
        sign(to, name)
    return to


def test_empty_text_in_parquet_is_none_as_in_csv(plain: dict[str, Path], tmp_path: Path) -> None:
    def as_empty_text(_: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
        text = pc.strftime(column, "%Y-%m-%dT%H:%M:%SZ") if pa.types.is_timestamp(column.type) else column
        return pc.fill_null(pc.cast(text, pa.string()), "")

    changed = rewritten(plain["parquet"], tmp_path / "empty", as_empty_text)
    assert cells(changed, tmp_path / "raw") == cells(plain["csv"], tmp_path / "raw of csv")


def test_what_is_not_a_number_is_none(plain: dict[str, Path], tmp_path: Path) -> None:
    def with_nan(name: str, column: pa.ChunkedArray) -> pa.ChunkedArray | None:
        if name == "score":
            return pa.chunked_array([np.array([np.nan if one is None else float(one) for one in column.to_pylist()])])
        return pa.chunked_array([np.full(len(column), np.nan)]) if name == "household_id" else None

    folder = landed(rewritten(plain["parquet"], tmp_path / "nan", with_nan), tmp_path / "raw").folder
    scores, people = (f"'{folder / table}.parquet'" for table in ("aso_scores", "survivors"))
    assert duckdb.sql(f"select count(*) from {scores} where score is null and not not_applicable").fetchone() != (0,)
    assert duckdb.sql(f"select count(*) from {scores} where unreadable is not null").fetchone() == (0,)
    assert duckdb.sql(f"select count(household_key) from {people}").fetchone() == (0,)


@pytest.mark.parametrize("fmt", ["csv", "parquet"])
@pytest.mark.parametrize("name", ["office_id=5", "status=closed", "part[1]", "every*one?"])
def test_the_name_of_a_folder_is_a_name(plain: dict[str, Path], tmp_path: Path, fmt: str, name: str) -> None:
    shutil.copytree(plain[fmt], tmp_path / name)
    other = tmp_path / "part1"  # what the third name would stand for as a pattern
    write_delivery(other, Parameters(survivors=60, seed=9), fmt=fmt)
    assert cells(tmp_path / name, tmp_path / name / "raw") == cells(plain[fmt], tmp_path / "raw of plain")


def test_a_stamp_without_seconds_is_that_of_the_full_minute(plain: dict[str, Path], tmp_path: Path) -> None:
    def to_the_minute(name: str, column: pa.ChunkedArray) -> pa.ChunkedArray | None:
        if name != "modified_at":
            return None
        written = pc.if_else(pa.array(np.arange(len(column)) % 2 == 0), "%Y-%m-%dT%H:%MZ", "%Y-%m-%dt%H:%M:00,0z")
        forms = zip(column.to_pylist(), written.to_pylist(), strict=True)
        return pa.chunked_array([[moment.strftime(form) for moment, form in forms]])

    folder = landed(rewritten(plain["parquet"], tmp_path / "minutes", to_the_minute), tmp_path / "raw").folder
    for table in TABLES:
        stamps = "select modified_at from '{}' order by all"
        seen = duckdb.sql(stamps.format(folder / f"{table}.parquet")).fetchall()
        wanted = "select date_trunc('minute', modified_at::timestamptz) from '{}' order by all"
        assert seen == duckdb.sql(wanted.format(plain["parquet"] / f"{table}.parquet")).fetchall(), table


def test_a_column_without_a_name_or_in_other_letters_is_an_extra_one(plain: dict[str, Path], tmp_path: Path) -> None:
    shutil.copytree(plain["csv"], tmp_path / "index")
    path = tmp_path / "index" / "aftercare_episodes.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    rows = [f"{number},{line},open" for number, line in enumerate(lines[1:])]
    path.write_text("\n".join([f",{lines[0]},STATUS", *rows]) + "\n", encoding="utf-8")
    sign(tmp_path / "index", "aftercare_episodes")
    assert open_folder(tmp_path / "index", jds()).facts.extra_columns["aftercare_episodes"] == 2
    assert cells(tmp_path / "index", tmp_path / "raw") == cells(plain["csv"], tmp_path / "raw of plain")


def test_a_table_of_an_incremental_delivery_may_come_in_no_part(plain: dict[str, Path], tmp_path: Path) -> None:
    shutil.copytree(plain["csv"], tmp_path / "none")
    path = tmp_path / "none" / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest["tables"]["legal_proceedings"] = {"file": [], "rows": [], "sha256": []}
    path.write_text(json.dumps(manifest | {"mode": "incremental"}), encoding="utf-8")
    assert cells(tmp_path / "none", tmp_path / "raw")["legal_proceedings"] == []


def test_a_repeated_row_is_one_however_its_values_are_written(plain: dict[str, Path], tmp_path: Path) -> None:
    """In two parts, the second with scores as fractions and stamps as text in another zone."""
    shutil.copytree(plain["parquet"], tmp_path / "parts")
    folder = tmp_path / "parts" / "aso_scores"
    folder.mkdir()
    whole = pq.read_table(tmp_path / "parts" / "aso_scores.parquet")
    again = whole.slice(0, 40)
    scores = pc.cast(again["score"], pa.float64())
    stamps = [moment.strftime("%Y-%m-%dT%H:%M:%S.%f+00:00") for moment in again["modified_at"].to_pylist()]
    for name, values in (("score", scores), ("modified_at", pa.array(stamps))):
        again = again.set_column(again.column_names.index(name), name, values)
    pq.write_table(whole, folder / "1.parquet")
    pq.write_table(again, folder / "2.parquet")
    manifest = json.loads((tmp_path / "parts" / "manifest.json").read_text(encoding="utf-8"))
    names = ["aso_scores/1.parquet", "aso_scores/2.parquet"]
    rows = [whole.num_rows, again.num_rows]
    hashes = [hashlib.sha256((tmp_path / "parts" / name).read_bytes()).hexdigest() for name in names]
    manifest["tables"]["aso_scores"] = {"file": names, "rows": rows, "sha256": hashes}
    (tmp_path / "parts" / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    landed_scores = f"'{landed(tmp_path / 'parts', tmp_path / 'raw').folder / 'aso_scores.parquet'}'"
    repeated = duckdb.sql(
        f"select count(*), count(distinct row_digest) from {landed_scores} where row_digest is not null"
    )
    assert repeated.fetchone() == (80, 40)
