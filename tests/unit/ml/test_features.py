"""What the model may see: scores and flags of the initial assessment, kept apart by why an item has no score."""

import numpy as np
import pandas as pd
import pytest

from ml.contracts import InputError
from ml.risk.features import features, layout

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
        },
        nan_ok=True,
    )
    assert found.loc["b", ["missing:men", "not_applicable:men", "score:MEN3"]].tolist() == [1, 1, 2]


def test_rows_follow_the_people_not_the_scores():
    shuffled = SCORES.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(table(shuffled, "ba"), table(SCORES, "ba"))
    assert table(SCORES, "b").loc["b", "score:MEN1"] == 2


def test_someone_without_scores_is_all_missing():
    assert table(SCORES, "z").loc["z", "missing:men"] == 1


def test_only_scores_and_flags_are_features(programme):
    _, _, scores = programme(5)
    names = layout(scores).names
    assert len(names) == 20 + 6 + 6
    assert {name.split(":")[0] for name in names} == {"score", "missing", "not_applicable"}


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
