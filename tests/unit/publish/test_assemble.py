import json
import shutil
import stat
from dataclasses import replace
from datetime import UTC, date
from pathlib import Path

import duckdb
import pytest

from flows.errors import HomeError, VerifyError
from flows.publish.release import assemble, content_hashes, current_release, fingerprints, publish, verify
from flows.publish.tables import PROMISED
from flows.warehouse import Home
from tests.unit.publish.builds import AT, make_build, make_facts, publish_one, query


def change(build: Path, target: Path, *statements: str) -> Path:
    shutil.copyfile(build, target)
    with duckdb.connect(str(target)) as connection:
        for statement in statements:
            connection.execute(statement)
    return target


def test_the_layout_is_the_promised_one(assembled: Path):
    assert {path.name for path in assembled.iterdir()} == {
        "marts.duckdb", "parquet", "models", "report", "share", "manifest.json",
    }  # fmt: skip
    tables = {f"{path.parent.name}.{path.stem}" for path in (assembled / "parquet").glob("*/*.parquet")}
    assert tables == set(PROMISED)
    assert (assembled / "models" / "risk" / "model.json").is_file()
    assert (assembled / "report" / "index.html").is_file()


def test_tables_come_over_whole_with_types_and_comments(assembled: Path, build: Path):
    marts = assembled / "marts.duckdb"
    assert content_hashes(marts) == content_hashes(build)
    types = "select table_name, column_name, data_type from duckdb_columns() where schema_name = 'core' order by all"
    assert query(marts, types) == query(build, types)
    comments = "select comment from duckdb_tables() where table_name = 'fct_episode' union all " \
        "select comment from duckdb_columns() where column_name = 'exit_day'"  # fmt: skip
    assert query(marts, comments) == [("One row per episode. It's for tests.",), ("The first day out.",)]


def test_what_is_not_promised_stays_behind(assembled: Path):
    schemas = query(assembled / "marts.duckdb", "select distinct schema_name from duckdb_tables()")
    assert ("staging",) not in schemas


def test_rows_lie_in_the_order_of_the_key(home: Home, tmp_path: Path):
    shuffled = make_build(tmp_path / "b.duckdb", order="hash(i)")
    folder = assemble(home, shuffled, make_facts(home), models_folder=None)
    keys = [key for (key,) in query(folder / "marts.duckdb", "select episode_key from core.fct_episode order by rowid")]
    assert keys == sorted(keys)
    parquet = str(folder / "parquet" / "core" / "fct_episode.parquet")
    found = duckdb.sql(
        f"select episode_key from read_parquet('{parquet}', file_row_number = true) order by file_row_number"
    )
    assert [key for (key,) in found.fetchall()] == keys


def test_the_release_row_is_written_here(assembled: Path):
    (row,) = query(assembled / "marts.duckdb", "select release_id, as_of, extracted_at, code_version from meta.release")
    assert row[:2] == ("2026-11-01-0001", date(2026, 11, 1))
    assert row[2].astimezone(UTC) == AT
    kinds = query(assembled / "marts.duckdb", "select data_type from duckdb_columns() where table_name = 'release'")
    assert [kind for (kind,) in kinds] == [
        "VARCHAR", "DATE", "TIMESTAMP WITH TIME ZONE", "VARCHAR", "TIMESTAMP WITH TIME ZONE",
    ]  # fmt: skip


def test_everything_is_read_only_and_no_log_lies_beside(assembled: Path):
    for path in [assembled, *assembled.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o550 if path.is_dir() else 0o440)
    assert not list(assembled.rglob("*.wal"))
    assert not (assembled / ".spill").exists()


def test_the_manifest_says_where_it_comes_from(assembled: Path):
    manifest = json.loads((assembled / "manifest.json").read_text())
    for name in ("as_of", "code_version", "lock_hash", "config_hash", "fingerprint", "seed", "extracts", "key_id",
                 "model_ids", "checks", "sequence", "audit_head", "interface_version"):  # fmt: skip
        assert name in manifest
    assert manifest["tables"]["core.fct_episode"]["rows"] == 300
    assert manifest["tables"]["meta.release"] == {"rows": 1, "content_hash": None}
    assert len(manifest["files"]["marts.duckdb"]["sha256"]) == 64
    assert "manifest.json" not in manifest["files"]
    assert "share/manifest.json" in manifest["files"]


def test_a_value_deleted_from_the_build_file_is_not_in_the_bytes_of_the_release(
    home: Home, build: Path, tmp_path: Path
):
    canary = "canary-7f3a9c"
    file = change(build, tmp_path / "b.duckdb", f"insert into core.dim_office values ('X', '{canary}', 'XX', 'r')")
    file = change(file, tmp_path / "c.duckdb", "delete from core.dim_office where office_id = 'X'")
    publish_one(home, file)
    assert not [path for path in home.root.rglob("*") if path.is_file() and canary.encode() in path.read_bytes()]


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("drop table aso.snapshot", "a promised table is missing"),
        ("alter table core.fct_episode drop column exit_day", "exit_day"),
        ("alter table core.fct_episode rename column exit_day to left_day", "exit_day"),
    ],
)
def test_a_broken_promise_is_refused_before_anything_is_visible(
    home: Home, build: Path, tmp_path: Path, statement, said
):
    with pytest.raises(VerifyError, match=said):
        publish_one(home, change(build, tmp_path / "b.duckdb", statement))
    assert [path.name for path in home.releases.iterdir()] == []
    assert current_release(home) is None


def test_more_columns_and_tables_are_welcome(home: Home, build: Path, tmp_path: Path):
    file = change(build, tmp_path / "b.duckdb", "alter table core.dim_office add column more int",
                  "create table core.extra as select 1 as a, 2 as b")  # fmt: skip
    publish_one(home, file)
    assert query(home.current / "marts.duckdb", "from core.extra") == [(1, 2)]


def test_f55_a_build_file_that_changed_after_its_checks_is_refused(home: Home, build: Path, tmp_path: Path):
    checked = fingerprints(build)
    publish_one(home, build, checked=checked)
    file = change(build, tmp_path / "b.duckdb", "update core.fct_episode set gender = 'male' where gender = 'female'")
    with pytest.raises(VerifyError, match=r"changed after it was checked.*core\.fct_episode"):
        publish_one(home, file, checked=checked)
    assert current_release(home) == "2026-11-01-0001"


def test_f55_a_corrupt_build_file_is_refused_without_its_text(home: Home, build: Path, tmp_path: Path):
    file = tmp_path / "b.duckdb"
    content = bytearray(build.read_bytes())
    for place in range(20_000, len(content), 5_000):
        content[place] ^= 0xFF
    file.write_bytes(content)
    with pytest.raises(VerifyError) as caught:
        publish_one(home, file)
    assert str(tmp_path) not in str(caught.value)
    assert not list(home.releases.glob("*"))


def test_f58_a_build_file_that_another_connection_writes_is_refused_cleanly(home: Home, build: Path, tmp_path: Path):
    file = tmp_path / "b.duckdb"
    shutil.copyfile(build, file)
    with duckdb.connect(str(file)), pytest.raises(HomeError, match="another program has the file open"):
        publish_one(home, file)


@pytest.mark.parametrize("name", ["model.pkl", "model.joblib", "model.SKOPS"])
def test_a_model_that_could_run_code_is_refused(home: Home, build: Path, models: Path, name: str):
    (models / name).write_text("x")
    with pytest.raises(VerifyError, match="could run code"):
        publish_one(home, build, models)


def test_a_link_among_the_models_is_refused(home: Home, build: Path, models: Path):
    (models / "link.json").symlink_to("/etc/hostname")
    with pytest.raises(VerifyError, match="files and folders only"):
        publish_one(home, build, models)


def test_facts_must_agree_with_the_name(home: Home):
    facts = make_facts(home)
    with pytest.raises(VerifyError, match="name of the release"):
        replace(facts, sequence=9)
    with pytest.raises(VerifyError, match="time zone"):
        replace(facts, created_at=AT.replace(tzinfo=None))


def test_an_existing_release_is_never_overwritten(home: Home, build: Path):
    name = publish_one(home, build)
    with pytest.raises(HomeError):
        publish(home, build, make_facts(home, sequence=1), models_folder=None, expected_current=name, at=AT)
    verify(home.releases / name)
