"""The promotion rule, row by row."""

import pytest

from ml.promotion import decide


def document(upper, status="trained", definitions=1):
    rows = [{"metric": "auc"}, {"metric": "log_loss", "estimate": upper - 0.1, "lower": upper - 0.2, "upper": upper}]
    return {"status": status, "definitions": definitions, "metrics": rows, "reason": "refused: 3 people"}


@pytest.mark.parametrize(
    ("challenger", "champion", "promote", "reason"),
    [
        (document(0.6), None, True, "first champion"),
        (document(0.6), document(0.5, status="refused"), True, "first champion"),
        (document(0.6), document(0.6), True, "not worse"),
        (document(0.5), document(0.6), True, "not worse: held-out log loss 0.4000 (0.3000 to 0.5000)"),
        (document(0.61), document(0.6), False, "champion stays"),
        (document(0.5, definitions=2), document(0.6), False, "not comparable"),
        (document(0.5, status="refused"), document(0.6), False, "refused: 3 people"),
        (document(0.5, status="refused"), None, False, "refused: 3 people"),
    ],
)
def test_rule(challenger, champion, promote, reason):
    decision = decide(challenger, champion)
    assert decision.promote is promote
    assert reason in decision.reason
