"""P2, P12, P13: nothing identifying of a delivery stands in any byte that a night leaves behind. F72."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path

import duckdb
import pytest

from flows import stages
from flows.cli import main
from flows.publish.files import remove_tree
from flows.run import run_night
from flows.stage import Done, Stage
from flows.stages import NIGHTLY
from tests.conftest import WholeNight, aftercare
from tests.privacy.scan import TOKEN, canaries, files, identifiers, leaks, words

pytestmark = pytest.mark.xdist_group("dirty")


@pytest.fixture(scope="module")
def secrets(dirty_night: WholeNight) -> set[str]:
    """Canaries and ids, as words that nothing else would spell."""
    found = canaries(dirty_night.truth) | identifiers(dirty_night.delivery)
    return {secret for secret in found if (len(secret) >= 5 and not secret.isdecimal()) or len(secret) >= 9}


def test_P2_the_scan_would_find_what_it_looks_for(dirty_night: WholeNight, secrets: set[str], tmp_path: Path) -> None:
    secret, token = sorted(secrets)[0], "Qx0123456789ab"
    duckdb.sql(
        f"copy (select 'a note of {secret}, she said' as note) to '{tmp_path / 'a.parquet'}' (format parquet, compression zstd)"
    )
    with duckdb.connect(str(tmp_path / "b.duckdb")) as connection:
        connection.execute(f"create schema s; create table s.t as select 'x{token}x' as c")
    (tmp_path / "c.log").write_text(f"error at {secret}", encoding="utf-8")
    assert set(leaks(tmp_path, secrets)) == {"a.parquet", "b.duckdb", "c.log"}
    assert leaks(dirty_night.delivery, secrets), "the delivery itself is full of them"
    assert len(secrets) > 1000


def test_P2_no_canary_and_no_id_in_any_byte_of_the_home(dirty_night: WholeNight, secrets: set[str]) -> None:
    assert leaks(dirty_night.home, secrets) == {}
    kinds = {path.suffix for path in files(dirty_night.home)}
    assert {".parquet", ".duckdb", ".json", ".html", ".csv", ".log"} <= kinds, "every kind of file was looked into"


def test_P12_no_canary_and_no_id_in_what_the_command_said(dirty_night: WholeNight, secrets: set[str]) -> None:
    said = dirty_night.said.encode()
    assert words(said) & {secret.encode() for secret in secrets} == set()
    assert TOKEN.findall(said) == []


def test_P2_unknown_codes_land_as_a_hash(dirty_night: WholeNight) -> None:
    for table, column in (
        ("aftercare_episodes", "status"),
        ("health_services", "service_type"),
        ("aso_scores", "indicator_code"),
    ):
        file = next((dirty_night.home / "raw").glob(f"*/{table}.parquet"))
        rows = duckdb.sql(
            f"select distinct \"{column}\" from read_parquet('{file}') where \"{column}\" like '#%'"
        ).fetchall()
        assert len(rows) >= 3
        assert all(re.fullmatch(r"#[0-9a-f]{12}", code) for (code,) in rows)


def test_P13_the_quality_tables_hold_counts_and_the_words_of_the_project_only(dirty_night: WholeNight) -> None:
    with duckdb.connect(str(dirty_night.home / "current" / "marts.duckdb"), read_only=True) as marts:
        names = marts.execute("select distinct source_table, rule from quality.quarantine").fetchall()
        checks = marts.execute('select distinct check_id, family, severity, status from quality."check"').fetchall()
        columns = marts.execute(
            "select column_name from information_schema.columns where table_schema = 'quality'"
        ).fetchall()
    assert all(re.fullmatch(r"[a-z_]+", text) for row in names for text in row)
    assert all(re.fullmatch(r"[a-z0-9_.]+", text) for row in checks for text in row)
    assert not {"value", "sample", "row"} & {name for (name,) in columns}


PLACES = [stage.name for stage in NIGHTLY]


@pytest.mark.parametrize("place", PLACES)
def test_P12_an_exception_in_any_stage_shows_no_text(
    dirty_night: WholeNight,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    place: str,
) -> None:
    canary = sorted(canaries(dirty_night.truth))[-1]

    def broken(night: stages.Night, watch: stages.Watch) -> Done:
        watch.step("at work")
        raise ValueError(f"could not cast {canary!r} of Qx0123456789ab")

    spoilt = tuple(Stage(name, broken if name == place else lambda night, watch: Done("done")) for name in PLACES)
    monkeypatch.setattr("flows.run.run_stages.__defaults__", (spoilt,))
    defaults = run_night.__kwdefaults__ or {}
    monkeypatch.setattr("flows.run.run_night.__kwdefaults__", {**defaults, "stages": spoilt})
    monkeypatch.setenv("AFTERCARE_KEY_FILE", str(dirty_night.key_file))
    monkeypatch.setattr(
        sys, "argv", ["aftercare", "nightly", "--source", str(dirty_night.delivery), "--home", str(tmp_path / "home")]
    )
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr()
    assert ended.value.code == 1
    assert "unexpected error (exit 1): ValueError at test_canaries.py" in said.err
    assert "The last release stays live." not in said.err, "this home has none"
    assert canary not in said.out + said.err
    assert leaks(tmp_path / "home", {canary}) == {}


def test_P12_an_exception_of_the_engine_shows_no_row(
    dirty_night: WholeNight, tmp_path: Path, secrets: set[str]
) -> None:
    """A file that cannot be read makes DuckDB quote its line; neither the screen nor the home may hold it."""
    shutil.copytree(dirty_night.delivery, tmp_path / "delivery")
    path = tmp_path / "delivery" / "survivors.csv"
    path.write_bytes(path.read_bytes()[:-40] + b'"')
    from tests.nights import sign

    sign(tmp_path / "delivery", "survivors")
    done = aftercare(
        "nightly", "--source", tmp_path / "delivery", home=tmp_path / "home", key_file=dirty_night.key_file
    )
    assert done.returncode == 10
    said = (done.stdout + done.stderr).encode()
    assert words(said) & {secret.encode() for secret in secrets} == set()
    assert TOKEN.findall(said) == []
    assert leaks(tmp_path / "home", secrets) == {}
    remove_tree(tmp_path / "home")


def test_P3_the_key_is_in_no_file_but_its_own(dirty_night: WholeNight) -> None:
    key = dirty_night.key_file.read_text(encoding="ascii").strip()
    assert dirty_night.key_file.stat().st_mode & 0o777 == 0o600
    for path in files(dirty_night.home):
        content = path.read_bytes()
        assert key.encode() not in content
        assert bytes.fromhex(key) not in content
    assert key not in dirty_night.said


def test_P4_no_date_of_a_person_in_the_marts(dirty_night: WholeNight) -> None:
    query = (
        "select table_schema || '.' || table_name from information_schema.columns "
        "where table_schema in ('core', 'aso', 'services') and data_type in ('DATE', 'TIMESTAMP', 'TIMESTAMP WITH TIME ZONE') "
        "and table_name != 'dim_indicator'"  # the dates of an item of the form, not of a person
    )
    with duckdb.connect(str(dirty_night.home / "current" / "marts.duckdb"), read_only=True) as marts:
        assert marts.execute(query).fetchall() == []


def test_P24_the_manifest_says_what_was_read_not_who(dirty_night: WholeNight) -> None:
    manifest = json.loads((dirty_night.home / "current" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["key_id"]
    assert manifest["key_id"] not in dirty_night.key_file.read_text(encoding="ascii")
