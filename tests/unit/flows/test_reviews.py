"""What people say of support priorities: kept for the next night, never of someone whom no priority names."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from flows import access, reviews
from flows.casework import write
from flows.cli import cli
from flows.errors import NothingPublishedError
from flows.estimates.tables import fill_models, write_casework
from flows.reviews import ReviewError, record
from flows.warehouse import Home, connect
from tests.unit.flows.test_casework import FINDINGS, a_build

AT = datetime(2026, 11, 2, tzinfo=UTC)
PEOPLE = [
    ("e1", "o1", "more_support_first", 0.8, "2027-01-30"),
    ("e2", "o1", "usual_support", 0.2, "2027-01-30"),
    ("e3", "o1", "more_support", 0.6, "2026-11-01"),
    ("e4", "o2", "more_support", 0.7, "2027-01-30"),
]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home whose casework file names four people, one of them too long ago."""
    where, build = Home(tmp_path / "home"), a_build(tmp_path, FINDINGS)
    where.root.mkdir()
    frame = pd.DataFrame(PEOPLE, columns=["episode_key", "office_id", "band", "probability", "expires_on"])
    frame = frame.assign(model_id="m1", lower=0.1, upper=0.9, reasons="MEN1 scored low")
    write_casework(build, "support_priority", reviews.beside(where, date(2026, 11, 1), frame))
    write(where, build, "2026-11-01-0001", date(2026, 11, 1))
    return where


def said(key: str, review: str = "agree", reason: str = "") -> dict[str, str]:
    return {"episode_key": key, "review": review, "reason": reason}


def test_reviews_are_kept_and_read_back_until_a_date(home: Home) -> None:
    assert record(home, [said("e1"), said("e4", "override", "wrong_scores")], at=AT) == 2
    assert record(home, [said("e1", "override", "known_to_be_safer")], at=AT.replace(day=5)) == 1
    path = home.casework / reviews.FILE
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(reviews.until(home, date(2026, 11, 4))) == 2
    rows = {row["metric"]: row for row in reviews.override_rows(home, date(2026, 11, 4), {"m1": "need_x"})}
    assert (rows["override_rate"]["estimate"], rows["override_rate"]["n"]) == (0.5, 2)
    rows = {row["metric"]: row for row in reviews.override_rows(home, date(2026, 11, 5), {"m1": "need_x"})}
    assert (rows["override_rate"]["estimate"], rows["override_rate"]["n"]) == (1.0, 2)


def test_the_next_night_shows_the_last_review_beside_the_priority(home: Home) -> None:
    record(home, [said("e1"), said("e1", "override", "other")], at=AT)
    frame = pd.DataFrame({"episode_key": ["e1", "e2"]})
    found = reviews.beside(home, date(2026, 11, 3), frame).set_index("episode_key")
    assert found.loc["e1", ["review", "review_reason"]].tolist() == ["override", "other"]
    assert found.loc["e2"].isna().all()


@pytest.mark.parametrize(
    ("one", "rule"),
    [
        (said("nobody"), "no support priority stands for this key"),
        (said("e3"), "has expired"),
        (said("e1", "override"), "`override` with one"),
        (said("e1", "agree", "other"), "`agree` without a reason"),
        (said("e1", "override", "i_like_her"), "not on the list"),
        (said("e1", "delete"), "`agree` without a reason"),
    ],
)
def test_what_cannot_be_kept_is_refused_whole_and_without_the_key(home: Home, one: dict[str, str], rule: str) -> None:
    with pytest.raises(ReviewError, match=rule) as refused:
        record(home, [said("e2"), one], at=AT)
    assert one["episode_key"] not in refused.value.text().replace("stage", "")
    assert not (home.casework / reviews.FILE).exists()


def test_without_a_night_there_is_nothing_to_review(tmp_path: Path) -> None:
    with pytest.raises(NothingPublishedError, match="no file for case work yet"):
        record(Home(tmp_path), [said("e1")], at=AT)


def test_the_commands(home: Home, tmp_path: Path) -> None:
    runner, where = CliRunner(), ["--home", str(home.root)]
    shown = runner.invoke(cli, ["support", "--office", "o1", *where])
    lines = shown.output.splitlines()
    assert lines[0].split()[0] == "e1"
    assert "MEN1 scored low" in lines[0]
    assert "e4" not in shown.output
    office = tmp_path / "office.csv"
    office.write_text("episode_key,review,reason\ne1,agree,\ne2,override,known_to_need_more\n", encoding="utf-8")
    assert "2 kept" in runner.invoke(cli, ["review", "--file", str(office), *where]).output
    assert "1 kept" in runner.invoke(cli, ["review", "e4", "--override", "wrong_scores", *where]).output
    assert "Reasons: " in runner.invoke(cli, ["review", "e4", *where]).output
    whats = [*access.lines(home), *(json.loads(line) for line in home.audit_log.read_text().splitlines())]
    assert [line["what"] for line in whats] == ["support", "review", "review"]
    assert "e1" not in json.dumps([line["facts"] for line in whats])


def test_reviews_of_erased_episodes_go_and_the_others_stay(home: Home) -> None:
    record(home, [said("e1"), said("e2")], at=AT)
    assert reviews.forget(home, {"e1", "e9"}) == 1
    path = home.casework / reviews.FILE
    assert list(reviews.until(home, AT.date())["episode_key"]) == ["e2"]
    assert b"e1" not in path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600
    assert reviews.forget(home, {"e1"}) == 0
    record(home, [said("e1")], at=AT)
    assert list(reviews.until(home, AT.date())["episode_key"]) == ["e2", "e1"]


def test_a_file_that_is_no_list_of_reviews_is_refused(tmp_path: Path) -> None:
    for content in (b"a,b\n1,2\n", b"", b"\xff\xfe\x00"):
        path = tmp_path / "x.csv"
        path.write_bytes(content)
        with pytest.raises(ReviewError):
            reviews.from_file(path)


def test_rows_of_other_models_stay(tmp_path: Path) -> None:
    build = tmp_path / "build.duckdb"
    with connect(build) as connection:
        connection.execute("create schema models; create table models.card (model_name varchar, model_id varchar)")
        connection.execute("insert into models.card values ('duration', 'd'), ('need_lost_12m', 'old')")
    frame = pd.DataFrame({"model_name": ["need_lost_12m"], "model_id": ["new"]})
    fill_models(build, {"models.card": frame}, ("need_lost_12m",), "")
    with connect(build, read_only=True) as connection:
        found = connection.execute("from models.card order by 1").fetchall()
    assert found == [("duration", "d"), ("need_lost_12m", "new")]
