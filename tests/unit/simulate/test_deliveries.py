"""The same facts whichever way they are delivered, and a next night that follows."""

import dataclasses
import json

import duckdb
import pytest
from click.testing import CliRunner

from flows.cli import cli
from flows.extract.simulate import Parameters, write_delivery, write_next, write_parts
from flows.extract.simulate.columns import KEYS


@pytest.fixture(scope="module")
def nights(tmp_path_factory, clean):
    """Three nights after the clean one: full, incremental, full."""
    folder, written = tmp_path_factory.mktemp("nights"), [clean]
    for night, mode in enumerate(("full", "incremental", "full"), start=1):
        written.append(write_next(folder / str(night), written[-1].folder, mode=mode))
    return written


def _manifest(written):
    return json.loads((written.folder / "manifest.json").read_text())


def test_the_same_parameters_give_the_same_bytes(tmp_path, clean, parameters):
    again = write_delivery(tmp_path / "again", parameters)
    assert _manifest(again) == _manifest(clean)
    assert (again.truth / "canaries.txt").read_bytes() == (clean.truth / "canaries.txt").read_bytes()


def test_another_seed_gives_other_people(tmp_path, clean, parameters):
    other = write_delivery(tmp_path / "other", dataclasses.replace(parameters, seed=8))
    names = [set((night.folder / "survivors.csv").read_text().split("Name-")[1:]) for night in (clean, other)]
    assert names[0].isdisjoint(names[1])


def test_a_folder_that_holds_something_is_left_alone(clean, parameters):
    with pytest.raises(FileExistsError):
        write_delivery(clean.folder, parameters)


@pytest.mark.parametrize("faults", [False, True])
def test_parquet_holds_the_same_facts(tmp_path, clean, dirty, parameters, faults):
    parquet = write_delivery(tmp_path / "night", parameters, fmt="parquet", faults=faults)
    text = dirty if faults else clean
    assert parquet.rows == text.rows
    connection = duckdb.connect()
    connection.execute("set time zone 'UTC'")
    for table in text.rows:
        connection.execute(f"create or replace view p as from '{parquet.folder}/{table}.parquet'")
        types = {name: kind for name, kind, *_ in connection.sql("describe p").fetchall()}
        connection.execute(
            f"create or replace view c as from read_csv('{text.folder}/{table}.csv', columns = {types}, header = true, "
            "quote = '\"', escape = '\"', timestampformat = '%Y-%m-%dT%H:%M:%SZ')"
        )
        different = connection.sql("(from p except all from c) union all (from c except all from p)").fetchall()
        assert different == [], table


@pytest.mark.parametrize("faults", [False, True])
def test_parts_hold_each_row_of_the_whole_once(tmp_path, clean, dirty, parameters, opened, faults):
    whole = dirty if faults else clean
    parts = write_parts(tmp_path / "night", parameters, parts=3, faults=faults)
    assert [part.folder.name for part in parts] == ["night-1", "night-2", "night-3"]
    manifests = [_manifest(part) for part in parts]
    assert [manifest["mode"] for manifest in manifests] == ["incremental"] * 3
    assert [manifest["since"] for manifest in manifests] == [None, *(m["extracted_at"] for m in manifests[:-1])]
    assert manifests[-1]["extracted_at"] == _manifest(whole)["extracted_at"]
    connection = opened(whole=whole, a=parts[0], b=parts[1], c=parts[2])
    for table in whole.rows:
        union = f"(from a.{table} union all from b.{table} union all from c.{table})"
        assert connection.sql(f"from whole.{table} except all {union}").fetchall() == [], table
        assert connection.sql(f"{union} except all from whole.{table}").fetchall() == [], table
    assert all(part.rows["aso_assessments"] for part in parts)


def test_the_next_night_follows(nights):
    manifests = [_manifest(written) for written in nights]
    assert [manifest["extracted_at"][:10] for manifest in manifests] == [f"2026-11-0{day}" for day in (1, 2, 3, 4)]
    assert [manifest["mode"] for manifest in manifests] == ["full", "full", "incremental", "full"]
    assert manifests[2]["since"] == manifests[1]["extracted_at"]
    assert manifests[1]["since"] is None


def test_the_nights_after_add_change_and_lose_a_few_rows(nights, opened):
    connection = opened(a=nights[0], b=nights[3])
    gone, new, changed = {}, {}, {}
    for table, keys in KEYS.items():
        using = f"using ({', '.join(keys)})"
        for found, query in (
            (gone, f"from a.{table} anti join b.{table} {using}"),
            (new, f"from b.{table} anti join a.{table} {using}"),
            (changed, f"from (from b.{table} except from a.{table}) semi join a.{table} {using}"),
        ):
            found[table] = len(connection.sql(query).fetchall())
    assert all(gone[table] < 0.1 * rows for table, rows in nights[0].rows.items())
    assert {"survivors", "aso_assessments", "aso_scores", "health_services"} <= {t for t, n in gone.items() if n}
    assert {"survivors", "aftercare_episodes", "aso_scores", "health_services"} <= {t for t, n in new.items() if n}
    assert {"survivors", "aso_assessments", "aso_scores", "health_services"} <= {t for t, n in changed.items() if n}


def test_later_nights_mark_merge_and_correct(nights, opened):
    connection = opened(a=nights[0], b=nights[3])
    for table, column, was in (
        ("survivors", "merged_into", "is null"),
        ("health_services", "is_deleted", "= 'false'"),
        ("survivors", "phone", "<> b.phone"),
        ("aso_scores", "score", "<> b.score"),
    ):
        on = " and ".join(f"a.{key} = b.{key}" for key in KEYS[table])
        now = {"merged_into": "is not null", "is_deleted": "= 'true'"}.get(column, "is not null")
        query = f"from a.{table} a join b.{table} b on {on} where a.{column} {was} and b.{column} {now}"
        assert connection.sql(query).fetchall(), (table, column)


@pytest.mark.parametrize("later", [1, 3])
def test_what_changed_says_so(nights, opened, later):
    """A row whose content changed has a later stamp: or an incremental reader would miss it."""
    connection = opened(a=nights[0], b=nights[later])
    for table, keys in KEYS.items():
        using = f"using ({', '.join(keys)})"
        silent = (
            f"from (select * exclude (modified_at) from b.{table} except "
            f"select * exclude (modified_at) from a.{table}) "
            f"semi join (select a.* from a.{table} a join b.{table} b {using} where a.modified_at >= b.modified_at) "
            f"{using}"
        )
        assert connection.sql(silent).fetchall() == [], table


def test_an_incremental_night_holds_what_changed_since_and_nothing_else(nights, opened):
    connection = opened(old=nights[1], new=nights[2], last=nights[3])
    since = _manifest(nights[2])["since"]
    for table, keys in KEYS.items():
        assert connection.sql(f"from new.{table} where modified_at <= '{since}'").fetchall() == [], table
        using = f"using ({', '.join(keys)})"
        unseen = f"from (from last.{table} where modified_at > '{since}' and modified_at <= '2026-11-03T01:30:00Z')"
        assert connection.sql(f"{unseen} anti join new.{table} {using}").fetchall() == [], table


def test_parameters_that_make_no_sense_are_refused():
    for wrong in ({"survivors": 0}, {"label_noise": 2.0}, {"indicator_effects": (("XXX", 1.0),)}, {"late_offices": 99}):
        with pytest.raises(ValueError, match=r"share|least|most|codes"):
            Parameters(**wrong)


def test_the_command_overwrites_no_folder(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "mine.txt").write_text("mine")
    for name, parts in (("there", "1"), ("the", "2")):
        (tmp_path / "the-2").touch()
        done = CliRunner().invoke(cli, ["simulate", str(tmp_path / name), "--survivors", "60", "--parts", parts])
        assert (done.exit_code, "name a new folder" in done.output) == (2, True)
        (tmp_path / "the-2").unlink()
    assert [path.name for path in tmp_path.iterdir()] == ["there"]
