import csv
import json
import re
from pathlib import Path

import duckdb
import pytest

from flows.errors import HomeError
from flows.publish.release import current_release
from flows.publish.share import neutral, write_share
from flows.publish.sharing import render
from flows.publish.sharing.cells import Row
from flows.publish.sharing.columns import COLUMNS, COUNTS
from flows.publish.sharing.compared import compared
from flows.publish.sharing.figure import worded
from flows.publish.sharing.protect import Rule
from flows.warehouse import Home
from tests.unit.publish.builds import insert, make_build, make_facts, publish_one


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / name).open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def share(assembled: Path) -> Path:
    return assembled / "share"


def test_only_known_files_are_written(share: Path):
    names = {f"{name}.csv" for name in COLUMNS}
    assert {path.name for path in share.iterdir()} == names | {"manifest.json"}
    manifest = json.loads((share / "manifest.json").read_text())
    assert manifest["tables"].keys() == names
    assert (manifest["threshold"], manifest["rounded_to"], manifest["format"]) == (11, 5, 2)
    assert manifest["release_id"] == "2026-11-01-0001"
    assert all(table["caveat"] for table in manifest["tables"].values())


def test_groups_nobody_is_in_are_listed_and_hidden_like_others(share: Path):
    table = rows(share, "episodes_by_gender.csv")
    assert [row["group"] for row in table] == ["female", "male", "other", "unknown", "all"]
    assert table[-1]["n_episodes"] == "300"
    assert {row["status"] for row in table[2:4]} == {"hidden"}
    assert all((row["n_episodes"] == "") == (row["status"] == "hidden") for row in table)


def test_every_count_of_people_is_rounded_and_large_enough(share: Path):
    for path in share.glob("*.csv"):
        for row in rows(share, path.name):
            for column in COUNTS:
                value = row.get(column, "")
                assert value == "" or (int(value) >= 11 and int(value) % 5 == 0)


def test_no_person_no_key_and_no_date_of_a_person_is_in_it(share: Path):
    for path in share.glob("*.csv"):
        assert not re.search(r"\b[0-9a-f]{32}\b", path.read_text())
        assert "_key" not in path.read_text()


def test_curves_have_six_months_each(share: Path):
    table = rows(share, "curves.csv")
    assert [row["curve_name"] for row in table[::6]] == ["restoration_detection_date", "restoration_npmle"]
    assert [row["month"] for row in table[:6]] == ["6", "12", "18", "24", "30", "36"]


def test_exclusions_below_the_threshold_are_hidden(share: Path):
    assert rows(share, "exclusions.csv") == [
        {"reason": "erased", "n_survivors": "", "status": "hidden"},
        {"reason": "no_consent", "n_survivors": "25", "status": "shown"},
    ]


def test_checks_are_counted_and_indicators_come_with_ranges(share: Path):
    assert rows(share, "checks_summary.csv") == [
        {"severity": "block", "status": "pass", "n_checks": "2"},
        {"severity": "block", "status": "warn", "n_checks": "1"},
    ]
    assert [(row["check_id"], row["status"]) for row in rows(share, "checks_spoken.csv")] == [("c2", "warn")]
    first = rows(share, "risk_indicators.csv")[0]
    assert (first["importance"], first["lower"], first["rank_low"], first["rank_high"]) == (
        "-0.0123",
        "-0.02",
        "1",
        "2",
    )
    assert first["selection_percent"] == "80"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "\t=1", "\rx", "\nx"])
def test_f13_a_text_that_looks_like_a_formula_is_neutralised(text: str):
    assert neutral(text) == "'" + text


@pytest.mark.parametrize("value", ["plain", "a=b", "", None, -1, -0.5, 0])
def test_f13_other_values_stay_as_they_are(value: object):
    assert neutral(value) == value


def test_f13_an_office_named_like_a_formula_is_harmless_in_the_file(home: Home, tmp_path: Path):
    build = make_build(tmp_path / "b.duckdb", office="=cmd|' /C calc'!A0")
    publish_one(home, build)
    offices = rows(home.current / "share", "episodes_by_office.csv")
    assert offices[0]["label"] == "'=cmd|' /C calc'!A0"
    assert "'=cmd" not in (home.current / "report" / "index.html").read_text().replace("&#39;", "'").replace(
        "C calc'", ""
    )


def test_an_episode_of_an_unknown_group_is_counted_with_the_rest(home: Home, tmp_path: Path):
    build = make_build(tmp_path / "b.duckdb", n_episodes=3000)
    with duckdb.connect(str(build)) as connection:
        connection.execute("update core.fct_episode set gender = 'canary', outcome = null where gender = 'male'")
    publish_one(home, build)
    genders = rows(home.current / "share", "episodes_by_gender.csv")
    assert [row["n_episodes"] for row in genders if row["group"] == "all"] == ["3000"]
    assert not [path for path in (home.current / "share").iterdir() if "canary" in path.read_text()]


def test_only_curves_of_known_groups_and_methods_leave(home: Home, tmp_path: Path):
    build = make_build(tmp_path / "b.duckdb")
    with duckdb.connect(str(build)) as connection:
        for name, stratum, value, method in (
            ("restoration_npmle", "household", "all", "npmle"),
            ("restoration_npmle", "casework_type", "secret", "npmle"),
            ("restoration_npmle", "office_id", "O9", "npmle"),
            ("other", "overall", "all", "secret"),
        ):
            values = {"curve_name": name, "stratum": stratum, "stratum_value": value, "state": "restored"}
            insert(connection, "outcomes.curve", **values, method=method, day=100, estimate=0.987, n_at_risk=500)
    publish_one(home, build)
    text = (home.current / "share" / "curves.csv").read_text()
    assert not any(word in text for word in ("secret", "household", "O9"))


def test_a_lower_threshold_is_refused_and_nothing_is_published(home: Home, build: Path):
    with pytest.raises(HomeError, match="11 or more"):
        publish_one(home, build, threshold=5)
    assert current_release(home) is None
    assert not list(home.releases.glob("*"))


def test_a_higher_threshold_hides_more(assembled: Path, tmp_path: Path, home: Home):
    write_share(assembled / "marts.duckdb", tmp_path / "share", make_facts(home), threshold=60)
    table = rows(tmp_path / "share", "episodes_by_age_band.csv")
    assert {row["status"] for row in table[:-1]} == {"hidden"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "needs 50 restorations that were seen: about 233 stays like these",
            "needs 50 restorations that were seen: about … stays like these",
        ),
        ("only 7 of 1,204 people", "only … of … people"),
        ("at least 200 stays watched for five years", "at least 200 stays watched for five years"),
        (
            "6 percentage points more within 24 months (0.02 to 0.11)",
            "6 percentage points more within 24 months (0.02 to 0.11)",
        ),
        ("up to month 25 more than 3% may be restored", "up to month 25 more than 3% may be restored"),
        ("within the 95 % limits for its size", "within the 95 % limits for its size"),
        ("not_restored_24m", "not_restored_24m"),
        (None, None),
    ],
)
def test_r30_words_do_not_count_people(text: str | None, said: str | None):
    """How many stays would be needed tells, with the number there are, how many were restored."""
    assert worded(text) == said


def test_a_number_of_stays_over_releases_is_rounded_too():
    said = {"as_of": "2026-11-01", "estimate": 5074, "lower": None, "upper": None}
    row = Row(
        ("2026-11-01-0001", "n_episodes", "overall", "all"),
        {"n": 5074},
        said | {"definition_version": 1, "is_break": False},
    )
    ((*_, estimate, lower, upper, n, _, _, status),) = render.history([row], Rule(11))
    assert (estimate, lower, upper, n, status) == (5075, None, None, 5075, "shown")


@pytest.mark.parametrize(("expected", "ratio"), [(139.2, 1.4), (99.4, 1.96), (37.6, 5.19)])
def test_a_ratio_is_that_of_the_shown_numbers_however_large_they_are(expected: float, ratio: float):
    said = {"observed": 193.0, "expected": expected, "ratio": 193 / expected, "lower": 0.5, "upper": 9.0}
    row = Row(("O1", "restored_24m"), {"n": 480, "yes": 193, "no": 287}, said)
    n, (observed, _, shown, _, _), how = compared("offices", row, Rule(11), ())
    assert (n, observed, shown, how) == (480, 195, pytest.approx(ratio, abs=0.01), "whole")
