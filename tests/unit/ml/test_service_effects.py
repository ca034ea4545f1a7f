"""Effects of services: what is refused and why, what never stops a night, and that nothing looks ahead."""

import numpy as np
import pandas as pd
import pytest

from ml.contracts import InputError, require
from ml.services import effect, exposure, gates
from ml.services.balance import Arm, Difference
from ml.services.contract import EFFECT, EFFECT_CHECK
from ml.services.effect import effects
from ml.services.months import months
from ml.services.people import MONTH_DAYS, people
from ml.services.question import questions
from ml.services.trial import Contrast
from ml.services.wording import WORDING
from tests.simulation.services_programme import Programme

PEOPLE = 400
OTHERS = ("community_events.survivor_leadership", "legal_proceedings.accompaniment", "legal_proceedings.hearing")


@pytest.fixture(scope="module")
def frames():
    """A small programme, with some services of every question."""
    made = Programme().draw(11, PEOPLE)
    rng = np.random.default_rng(5)
    extra = [
        pd.DataFrame(
            {"episode": rng.integers(0, PEOPLE, 300), "service_code": code, "day": rng.integers(-40, 500, 300)}
        )
        for code in OTHERS
    ]
    made["services"] = pd.concat([made["services"], *extra], ignore_index=True)
    return made


def told(frames, **changed):
    given = {**frames, **changed}
    return effects(given["episodes"], given["unrestored"], given["initial"], given["months"], given["services"], seed=1)


@pytest.fixture(scope="module")
def found(frames):
    return told(frames)


def test_every_question_has_two_contrasts_and_says_how_it_stands(found):
    require(found.effect, EFFECT)
    require(found.check, EFFECT_CHECK)
    assert len(found.effect) == 2 * len(questions())
    refused = found.effect["status"] == "refused"
    assert refused.any()
    assert found.effect.loc[refused, ["estimate", "lower", "upper"]].isna().all(axis=None)
    assert found.effect.loc[refused, "reason"].notna().all()
    assert (found.effect.loc[refused, "wording"] == WORDING["none"]).all()
    shown = found.effect[~refused]
    assert (shown["lower"] < shown["estimate"]).all()
    assert (shown["estimate"] < shown["upper"]).all()
    assert (shown["effective_n"] >= 50).all()
    assert not found.check.duplicated(["question", "measure", "item"]).any()


def test_the_same_frames_give_the_same_rows(frames, found):
    pd.testing.assert_frame_equal(told(frames).effect, found.effect)


def test_a_service_that_nobody_had_is_refused_and_the_others_stand(frames, found):
    without = frames["services"][~frames["services"]["service_code"].isin(OTHERS)]
    again = told(frames, services=without).effect.set_index(["question", "contrast"])
    before = found.effect.set_index(["question", "contrast"])
    therapy = before.index.get_level_values(0).str.startswith("trauma")
    pd.testing.assert_frame_equal(again[therapy], before[therapy])
    assert (again.loc["community_leadership", "status"] == "refused").all()


def test_a_fit_that_fails_is_a_refusal(frames, monkeypatch):
    def fails(*_, **__):
        raise np.linalg.LinAlgError("singular")

    monkeypatch.setattr(effect, "weigh", fails)
    rows = told(frames).effect
    assert (rows["status"] == "refused").all()
    assert rows["reason"].str.contains("LinAlgError while fitting").any()


def test_nobody_at_all_is_a_refusal(frames):
    none = frames["episodes"].iloc[:0]
    rows = effects(
        none, frames["unrestored"].iloc[:0], frames["initial"].iloc[:0], frames["months"].iloc[:0],
        frames["services"].iloc[:0], seed=1,
    ).effect  # fmt: skip
    assert (rows["status"] == "refused").all()


def test_months_that_are_missing_are_an_error(frames):
    with pytest.raises(InputError, match="column month"):
        told(frames, months=frames["months"].drop(index=frames["months"].index[3]))


@pytest.mark.parametrize("question", questions(), ids=lambda one: one.name)
def test_nothing_looks_ahead(frames, question):
    """Immortal time: what is recorded on or after a month's first day changes no state up to that month."""
    who = people(frames["episodes"], frames["unrestored"], frames["initial"])
    rows = months(who, frames["months"])
    whole = exposure.path(question.exposure, who, rows, frames["services"])
    for month in (3, 7, 12):
        known = frames["services"][frames["services"]["day"] < month * MONTH_DAYS]
        then = exposure.path(question.exposure, who, rows, known)
        counts = whole.asked & then.asked & (whole.first == then.first)
        upto = counts[rows.episode] & (rows.month <= month) & (rows.month >= whole.first[rows.episode])
        assert upto.any()
        assert (whole.states[upto] == then.states[upto]).all()


def test_states_of_one_person_month_by_month(frames):
    """Therapy in month 1 and again in month 6: recent in the three months after each, had it before in between."""
    who = people(frames["episodes"], frames["unrestored"], frames["initial"])
    rows = months(who, frames["months"])
    long = int(np.flatnonzero(np.bincount(rows.episode, minlength=PEOPLE) >= 10)[0])
    given = pd.DataFrame({"episode": long, "service_code": "health_services.trauma_therapy", "day": [40, 190]})
    recent = next(one for one in questions() if one.name == "trauma_therapy_recent")
    path = exposure.path(recent.exposure, who, rows, given)
    own = path.states[rows.offset[long] :][:10]
    assert own[:, 0].tolist() == [0, 0, 1, 1, 1, 0, 0, 1, 1, 1]
    assert own[:, 1].tolist() == [0, 0, 0, 0, 0, 1, 1, 0, 0, 0]


FINE = {
    "converged": True,
    "violated": [],
    "arms": (Arm(80, 0.05, 30), Arm(200, 0.02, 90)),
    "differences": [Difference("beginning", "men", -0.4, 0.03)],
    "difference": Contrast(0.1, 0.05, 0.0, 0.2),
    "second": 0.08,
    "ratio": Contrast(0.4, 0.1, 0.2, 0.6),
    "other_ratio": Contrast(0.35, 0.1, 0.15, 0.55),
}


@pytest.mark.parametrize(
    ("changed", "claim", "reason"),
    [
        ({}, "emulated_trial", None),
        ({"arms": (Arm(49.9, 0.05, 30), FINE["arms"][1])}, "none", "strategy is worth fewer than 50"),
        ({"arms": (FINE["arms"][0], Arm(49.9, 0.05, 30))}, "none", "comparator is worth fewer than 50"),
        ({"arms": (Arm(80, 0.101, 30), FINE["arms"][1])}, "none", "more than 10 % of the weight"),
        ({"arms": (Arm(80, 0.05, 9.9), FINE["arms"][1])}, "none", "fewer than 10 restorations"),
        ({"violated": [("beginning", "men")]}, "none", "^positivity: at beginning, in a group by men"),
        ({"converged": False}, "none", "did not converge"),
        ({"differences": [Difference("beginning", "men", -0.4, -0.26)]}, "none", "still differ"),
        (
            {"differences": [Difference("beginning", "men", -0.4, -0.11)]},
            "adjusted_association",
            "differ in men by 0.11",
        ),
        ({"second": 0.21}, "adjusted_association", "second method"),
        ({"second": float("nan")}, "adjusted_association", "second method"),
        ({"other_ratio": Contrast(0.29, 0.1, 0.1, 0.5)}, "adjusted_association", "largest weights"),
    ],
)
def test_gates(changed, claim, reason):
    verdict = gates.judge(**{**FINE, **changed})
    assert verdict.claim == claim
    if reason is None:
        assert verdict.reason is None
    else:
        assert pd.Series([verdict.reason]).str.contains(reason).all()


@pytest.mark.parametrize(("n_asked", "n_with", "refused"), [(99, 60, True), (100, 49, True), (100, 50, False)])
def test_too_few_are_refused_before_any_fit_and_no_count_is_told(n_asked, n_with, refused):
    verdict = gates.no_trial(n_asked, n_with)
    assert (verdict is not None) == refused
    assert verdict is None or not {str(n_asked), str(n_with)} & set(verdict.reason.split())
