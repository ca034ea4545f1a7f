"""What the model may see: scores and flags of the initial assessment, kept apart by why an item has no score."""

import numpy as np
import pandas as pd
import pytest

from ml.contracts import InputError
from ml.risk.features import FLAGS, features, layout, with_summaries

SCORES = pd.DataFrame(
    [
        ("a", "MEN1", "men", 1, "scored"),
        ("a", "MEN2", "men", None, "missing"),
        ("a", "MEN3", "men", 4, "scored"),
        ("a", "LEG1", "leg", None, "not_applicable"),
        ("b", "MEN1", "men", 2, "scored"),
        ("b", "MEN2", "men", None, "not_applicable"),
        ("b", "LEG1", "leg", 3, "scored"),
    ],
    columns=["assessment_key", "indicator_code", "domain_code", "score", "score_status"],
)


def table(scores=SCORES, keys=("a", "b")):
    items = layout(scores)
    return pd.DataFrame(features(scores, pd.Series(list(keys)), items), columns=list(items.names), index=list(keys))


def test_an_unscored_item_takes_the_domain_mean_and_says_why():
    found = table()
    assert found.loc["a"].to_dict() == pytest.approx(
        {
            "score:LEG1": np.nan,
            "score:MEN1": 1,
            "score:MEN2": 2.5,
            "score:MEN3": 4,
            "missing:leg": 0,
            "missing:men": 1,
            "not_applicable:leg": 1,
            "not_applicable:men": 0,
            "quarantined:leg": 0,
            "quarantined:men": 0,
        },
        nan_ok=True,
    )
    assert found.loc["b", ["missing:men", "not_applicable:men", "score:MEN3"]].tolist() == [1, 1, 2]


def test_rows_follow_the_people_not_the_scores():
    shuffled = SCORES.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(table(shuffled, "ba"), table(SCORES, "ba"))
    assert table(SCORES, "b").loc["b", "score:MEN1"] == 2


def test_missing_not_applicable_and_quarantined_stay_three_things():
    said = {"missing": [1, 0, 0], "not_applicable": [0, 1, 0], "quarantined": [0, 0, 1]}
    for status, flags in said.items():
        changed = SCORES.assign(score_status=SCORES["score_status"].where(SCORES["indicator_code"] != "MEN2", status))
        found = table(changed).loc["a"]
        assert [found[f"{kind}:men"] for kind in FLAGS] == flags
        assert found["score:MEN2"] == 2.5


def test_means_and_total_are_of_scored_items_and_age_is_a_band():
    items = layout(SCORES)
    x = features(SCORES, pd.Series(["a", "b", "z"]), items)
    bands = pd.Series(["18-24", None, "unknown"])
    found = pd.DataFrame(with_summaries(x, items, bands), columns=[*items.names, *items.summaries], index=list("abz"))
    assert found.loc["a", ["domain:leg", "domain:men", "total"]].tolist() == pytest.approx(
        [np.nan, 2.5, 2.5], nan_ok=True
    )
    assert found.loc["b", ["domain:leg", "domain:men", "total"]].tolist() == [3, 2, 2.5]
    assert np.isnan(found.loc["z", "total"])
    assert found.filter(like="age:").sum(axis=1).tolist() == [1, 0, 0]


def test_someone_without_scores_is_all_missing():
    assert table(SCORES, "z").loc["z", "missing:men"] == 1


def test_only_scores_and_flags_are_features(programme):
    _, _, scores = programme(5)
    names = layout(scores).names
    assert len(names) == 20 + 3 * 6
    assert {name.split(":")[0] for name in names} == {"score", "missing", "not_applicable", "quarantined"}


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        (pd.concat([SCORES, SCORES.head(1)]), "column indicator_code: 1 rows repeat"),
        (pd.concat([SCORES, SCORES.head(1).assign(domain_code="soc")]), "column domain_code: 1 indicators are in more"),
    ],
)
def test_ambiguous_scores_are_refused(scores, message):
    with pytest.raises(InputError, match=message):
        table(scores)
