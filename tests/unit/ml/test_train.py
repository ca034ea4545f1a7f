"""Training: the frames it gives, that order and threads are nothing, and refusals that say what is needed."""

import json
from datetime import date

import numpy as np
import pandas as pd
import pytest

from ml.contracts import CARD, FAIRNESS, METRIC, RISK_INDICATOR, InputError, require
from ml.risk.train import train

AS_OF = date(2026, 6, 30)


@pytest.fixture(scope="module")
def trained(programme):
    return train(*programme(500), as_of=AS_OF, seed=1)


def test_frames_keep_the_contracts(trained):
    require(trained.risk_indicator, RISK_INDICATOR)
    require(trained.metric, METRIC)
    require(trained.card, CARD)
    require(trained.fairness, FAIRNESS)
    assert trained.risk_indicator["unit"].value_counts().to_dict() == {"indicator": 20, "domain": 6}
    assert set(trained.risk_indicator["outcome"]) == {"not_restored_24m"}
    row = trained.card.iloc[0]
    assert (row["trained_as_of"], row["is_champion"], len(trained.card)) == ("2026-06-30", True, 1)


def test_limits_hold_the_estimates_and_ranks_are_ranks(trained):
    table = trained.risk_indicator
    assert table["importance"].between(table["lower"], table["upper"]).all()
    assert table["selection_frequency"].between(0, 1).all()
    assert (table["rank_low"] <= table["rank_high"]).all()
    assert table.groupby("unit")[["rank_low", "rank_high"]].agg(["min", "max"]).to_numpy().max() <= 20
    limits = trained.metric[trained.metric["lower"].notna()]
    assert len(limits) > 20
    assert limits["estimate"].between(limits["lower"], limits["upper"]).all()


def test_what_drives_restoration_is_found(trained):
    table = trained.risk_indicator.set_index("code")
    assert table.loc["MEN1", ["rank_low", "rank_high", "direction"]].tolist() == [1, 1, "higher_score_less_need"]
    assert table.loc["MEN1", "lower"] > 0
    assert table.loc["MEN1", "selection_frequency"] > 0.9
    assert table.loc["men", "rank_high"] == 1


def test_the_document_is_json_of_numbers_and_no_person(trained, programme):
    text = json.dumps(trained.document, allow_nan=False)
    assert json.loads(text) == trained.document
    assert len(trained.document["coefficients"]) == len(trained.document["features"])
    assert not any(key in text for key in programme(500)[0]["episode_key"])


def test_the_order_of_rows_is_nothing(trained, programme):
    shuffled = (frame.sample(frac=1, random_state=7) for frame in programme(500))
    again = train(*shuffled, as_of=AS_OF, seed=1)
    assert again.model_id == trained.model_id
    pd.testing.assert_frame_equal(again.risk_indicator, trained.risk_indicator)
    pd.testing.assert_frame_equal(again.metric, trained.metric)


def test_the_id_follows_content(trained, programme):
    assert train(*programme(500), as_of=AS_OF, seed=2).model_id != trained.model_id
    assert train(*programme(500), as_of=date(2026, 7, 1), seed=1).model_id != trained.model_id


def test_a_champion_of_other_definitions_stays(trained, programme):
    old = {**trained.document, "definitions": {}}
    card = train(*programme(500), as_of=AS_OF, seed=1, champion=old).card.iloc[0]
    assert not card["is_champion"]
    assert "not comparable" in card["reason"]


@pytest.mark.parametrize("n", [0, 1, 60])
@pytest.mark.fault("F67")
def test_too_few_people_is_a_refusal_that_says_how_many(programme, n):
    episodes, snapshots, scores = programme(60)
    refused = train(episodes.head(n), snapshots, scores, as_of=AS_OF, seed=1)
    assert refused.status == "refused"
    assert refused.risk_indicator.empty
    assert refused.metric.empty
    row = refused.card.iloc[0]
    assert not row["is_champion"]
    assert "100 are needed" in row["reason"]
    assert "20 are needed" in row["reason"]


@pytest.mark.fault("F67")
def test_nobody_followed_to_24_months_is_a_refusal(programme):
    episodes, snapshots, scores = programme(500)
    young = episodes.assign(
        as_of_day=300,
        exit_day=np.nan,
        restored_left_day=episodes["restored_left_day"].clip(upper=250),
        restored_right_day=episodes["restored_right_day"].where(episodes["restored_right_day"] <= 300),
        event=np.where(episodes["restored_right_day"] <= 300, 1, 0),
    )
    refused = train(young, snapshots, scores, as_of=AS_OF, seed=1)
    assert "0 people not restored at 24 months, 20 are needed" in refused.card["reason"].iloc[0]


def test_one_cluster_is_a_refusal(programme):
    episodes, snapshots, scores = programme(500)
    refused = train(episodes.assign(operation_key="o"), snapshots, scores, as_of=AS_OF, seed=1)
    assert "each of 5 folds" in refused.card["reason"].iloc[0]


def test_unscored_domains_and_constant_items_do_no_harm(programme):
    episodes, snapshots, scores = programme(500)
    scores = scores.assign(score=scores["score"].where(scores["domain_code"] != "soc", 2))
    gone = scores["domain_code"] == "leg"
    scores.loc[gone, ["score", "score_status"]] = [np.nan, "not_applicable"]
    trained = train(episodes, snapshots, scores, as_of=AS_OF, seed=1)
    require(trained.risk_indicator, RISK_INDICATOR)
    assert trained.risk_indicator.set_index("code").loc["LEG1", "importance"] == pytest.approx(0, abs=1e-9)


def test_a_second_initial_snapshot_is_refused(programme):
    episodes, snapshots, scores = programme(60)
    with pytest.raises(InputError, match="1 rows are a second initial snapshot"):
        train(episodes, pd.concat([snapshots, snapshots.head(1)]), scores, as_of=AS_OF, seed=1)
