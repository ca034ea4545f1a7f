"""The questions about services: files in one form, about what was before, in words that are allowed."""

import csv
from pathlib import Path

import pytest
import yaml

from expectations.suites import estimate_sql
from ml.services.question import FOLDER, QuestionError, codes, questions, read
from ml.services.wording import WORDING

ROOT = Path(__file__).parents[3]
ONE = yaml.safe_load((FOLDER / "trauma_therapy_recent.yml").read_text(encoding="utf-8"))


def written(folder: Path, **changes: object) -> Path:
    """The file of a question with these fields otherwise; None leaves one out."""
    content = {name: value for name, value in {**ONE, **changes}.items() if value is not None}
    path = folder / "one.yml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def test_the_four_questions_are_stated_beforehand():
    assert [one.name for one in questions()] == [
        "community_leadership",
        "legal_accompaniment",
        "trauma_therapy_60_days",
        "trauma_therapy_recent",
    ]
    assert all(len(one.assumptions) >= 3 and one.not_claimed for one in questions())


def test_their_services_are_those_of_the_source():
    with (ROOT / "dbt_project/seeds/codes/services.csv").open(encoding="utf-8") as rows:
        known = {row["service_code"]: row["category"] for row in csv.DictReader(rows)}
    assert set(codes()) <= set(known)
    assert all({known[code] for code in one.exposure.services} == {one.own_category} for one in questions())


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"exposure": {**ONE["exposure"], "kind": "sum_over_stay"}}, "exposure.kind"),
        ({"exposure": {**ONE["exposure"], "at_least_sessions": 6}}, "exposure.at_least_sessions"),
        ({"exposure": {**ONE["exposure"], "days": 720}}, "exposure.days"),
        ({"exposure": {**ONE["exposure"], "event": "legal_proceedings.hearing"}}, "exposure"),
        ({"exposure": {**ONE["exposure"], "kind": "before_event"}}, "exposure"),
        ({"baseline": ["sessions_in_stay"]}, "baseline"),
        ({"outcome": "exit"}, "outcome"),
        ({"contrasts": ["odds_ratio"]}, "contrasts.0"),
        ({"assumptions": ["none"]}, "assumptions"),
        ({"eligibility": {**ONE["eligibility"], "observed_from_intake": False}}, "eligibility.observed_from_intake"),
        ({"time_zero": None}, "time_zero"),
    ],
)
def test_a_question_in_another_form_is_refused(tmp_path, changes, field):
    """A sum over the stay above all: to have six sessions one must stay for them (immortal time)."""
    with pytest.raises(QuestionError, match=rf"^one\.yml: .*{field}"):
        read(written(tmp_path, **changes))


def test_two_questions_of_one_name_are_refused(tmp_path):
    path = written(tmp_path)
    (tmp_path / "two.yml").write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(QuestionError, match="one name"):
        questions(tmp_path)


def test_what_may_be_said_is_what_the_checks_let_pass():
    said = {claim: sentence for claim, sentence in WORDING.items() if claim != "none"}
    assert set(said.values()) == set(estimate_sql.SENTENCES)
    assert WORDING["none"] == estimate_sql.REFUSED
    assert not any(
        word in " ".join(WORDING.values()) for word in ("causes", "works", "improves", "leads to", "because")
    )
