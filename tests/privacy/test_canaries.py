"""P2, P12, P13: nothing identifying of a delivery stands in any byte that a night leaves behind. F72."""

from __future__ import annotations

import base64
import json
import re
import shutil
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from flows import stages
from flows.cli import main
from flows.extract.pseudonymise import pseudonym
from flows.publish.files import remove_tree
from flows.run import run_night
from flows.stage import Done, Stage
from flows.stages import NIGHTLY
from tests.conftest import WholeNight, aftercare, aftercare_here
from tests.deliveries import rows_of
from tests.nights import KEY
from tests.privacy.scan import PNG, TOKEN, canaries, files, identifiers, leaks, words

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
    with zipfile.ZipFile(tmp_path / "d.xlsx", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/sharedStrings.xml", f"<t>{secret}</t>" + 500 * "<t>none</t>")
    (tmp_path / "e.png").write_bytes(picture(secret))
    inside = base64.b64encode(picture(secret)).decode("ascii")
    (tmp_path / "f.svg").write_text(f'<svg><image href="data:image/png;base64,{inside}"/></svg>', encoding="ascii")
    (tmp_path / "g.svg").write_text(f"<svg><metadata>{secret}</metadata></svg>", encoding="utf-8")
    found = {"a.parquet", "b.duckdb", "c.log", "d.xlsx", "e.png", "f.svg", "g.svg"}
    assert set(leaks(tmp_path, secrets)) == found
    assert leaks(dirty_night.delivery, secrets), "the delivery itself is full of them"
    assert len(secrets) > 1000


def picture(comment: str) -> bytes:
    """The smallest picture, with a comment that is packed."""
    packed = b"Comment\0\0" + zlib.compress(comment.encode())
    return PNG + len(packed).to_bytes(4, "big") + b"zTXt" + packed + zlib.crc32(b"zTXt" + packed).to_bytes(4, "big")


def test_P2_nor_after_an_erasure_an_export_a_worklist_and_an_answer_to_a_person(
    dirty_night: WholeNight, secrets: set[str], a_copy: Callable[[WholeNight], WholeNight], tmp_path: Path
) -> None:
    """All that people do with a home after a night, and what it says to them: subject access of one, then her erasure."""
    night = a_copy(dirty_night)
    with duckdb.connect(str(night.home / "current" / "marts.duckdb"), read_only=True) as marts:
        there = {key for (key,) in marts.execute("select survivor_key from core.fct_episode").fetchall()}
        ((office,),) = marts.execute("select min(office_id) from core.dim_office").fetchall()
    ids = sorted({row["survivor_id"] for row in rows_of(night.delivery, "survivors")})
    one = next(name for name in ids if pseudonym(KEY, "survivor", name) in there)
    said = []
    for arguments in (
        ("worklist", "--office", office), ("worklist", "--office", office, "--check", "aso_assessments.stage_disagrees"),
        ("support", "--office", office), ("export", "all", "--to", tmp_path / "csv"),
        ("export", "all", "--format", "xlsx", "--to", tmp_path / "xlsx"),
        ("export", "--office", office, "--to", tmp_path / "office.xlsx"),
        ("subject-access", "--survivor", one), ("subject-access", "--survivor", one, "--format", "json"),
        ("erase", "--survivor", one, "--reference", "DSR-9"), ("retention",), ("checks", "--failed"), ("status",),
    ):  # fmt: skip
        done = aftercare_here(*arguments, home=night.home, key_file=night.key_file)
        assert done.returncode == 0, (arguments[0], done.stderr)
        said.append(done.stdout + done.stderr)
    assert len(list((tmp_path / "xlsx").iterdir())) > 5
    assert leaks(night.home, secrets) == {}
    (tmp_path / "out").mkdir()
    for made in ("csv", "xlsx", "office.xlsx"):
        (tmp_path / made).rename(tmp_path / "out" / made)
    (tmp_path / "out" / "said").write_text("\n".join(said), encoding="utf-8")
    assert leaks(tmp_path / "out", secrets) == {}


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
