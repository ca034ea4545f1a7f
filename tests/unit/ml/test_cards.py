"""The card and the datasheet come from facts; an item without an answer refuses the model."""

from datetime import date

import pytest

from ml.risk import cards, tripod, wording
from ml.risk.train import train


@pytest.fixture(scope="module")
def trained(programme):
    return train(*programme(400), as_of=date(2026, 6, 30), seed=1)


def test_every_item_of_the_27_has_an_anchor_and_an_answer(trained):
    card = trained.texts[cards.CARD]
    for number in range(1, 28):
        assert card.count(f'<a id="tripod-{number}"></a>') == 1
    assert [number for number, *_ in tripod.items()] == list(range(1, 28))
    assert trained.model_id in card
    assert trained.document["trained_as_of"] in card


@pytest.mark.parametrize("fact", ["auc", "people", "definition", "fairness", "decision", "ladder", "effective"])
@pytest.mark.parametrize("value", ["", None, "nan"])
def test_an_empty_fact_refuses_the_card(trained, fact, value):
    facts = cards.facts_of(trained)
    with pytest.raises(tripod.EmptyItemError, match=f"lacks the fact {fact}"):
        tripod.answers({**facts, fact: value})


def test_an_empty_item_refuses_the_card(trained, monkeypatch):
    every = [*tripod.items()[:-1], (27, "use", " ")]
    monkeypatch.setattr(tripod, "items", lambda: every)
    with pytest.raises(tripod.EmptyItemError, match=r"item 27 \(use\) of the model card is empty"):
        cards.documented(trained)


def test_nothing_claims_a_cause_and_no_person_is_named(trained, programme):
    episodes = programme(400)[0]
    for text in trained.texts.values():
        assert "caus" not in text.replace("is not a cause", "")
        assert not any(key in text for key in episodes["episode_key"])


def test_a_refused_model_has_no_card(programme):
    assert train(*programme(30), as_of=date(2026, 6, 30), seed=1).texts == {}


def test_what_is_said_of_an_indicator_predicts_and_never_causes():
    said = wording.sentence("trauma symptoms", "not_restored_24m", 0.01, "higher_score_less_need", 1, 2, 20)
    assert said == (
        "trauma symptoms predicts not being restored 24 months after the initial assessment: a lower score predicts more need "
        "(between rank 1 and 2 of 20)."
    )
    assert "not shown to predict" in wording.sentence("x", "lost_12m", -0.01, "unclear", 4, 4, 20)
    for text in (said, *wording.COULD_DO):
        wording.refuse(text)
    with pytest.raises(ValueError, match="claims more than a prediction: leads to"):
        wording.refuse("A low score leads to a longer stay.")
