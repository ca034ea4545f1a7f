"""What one check allows, and which status its counts earn."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations import report
from expectations.checks import Check, Count, by_id


def a_check(**changes) -> Check:
    given_ = {
        "check_id": "aso_scores.score_domain",
        "table_name": "aso_scores",
        "family": "conformance",
        "sub_family": "aso",
        "severity": "warn",
        "because": "The scale is 1 to 4.",
        "since": "2026-11-22",
        "max_failed": 0,
    }
    return Check(**(given_ | changes))


@pytest.mark.parametrize(
    ("severity", "count", "exceeded", "status"),
    [
        ("block", Count(100_000, 0), False, "pass"),
        ("block", Count(100_000, 1), False, "pass_with_violations"),
        ("warn", Count(100_000, 1), True, "warn"),
        ("block", Count(100_000, 1), True, "fail"),
        ("warn", Count(100_000, 0), None, "error"),
        ("block", Count(0, 0), False, "not_applicable"),
        ("block", Count(0, 3), True, "fail"),
    ],
)
def test_status(severity, count, exceeded, status):
    assert a_check(severity=severity).status(count, exceeded=exceeded) == status


@pytest.mark.parametrize(
    ("limits", "text"),
    [
        ({"max_failed": 0}, "at most 0"),
        ({"max_failed": None, "max_percent": 12.5}, "at most 12.5 %"),
        ({"max_failed": 1999, "max_percent": 2}, "at most 1,999 or at most 2 %"),
    ],
)
def test_threshold_is_text_for_people(limits, text):
    assert a_check(**limits).threshold == text


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"max_failed": None}, "has no limit"),
        ({"check_id": "Maria Santos"}, "lower-case words"),
        ({"hold": True}, "must be block"),
    ],
)
def test_a_check_that_makes_no_sense_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        a_check(**wrong)


def test_an_id_used_twice_is_refused():
    with pytest.raises(ValueError, match=r"two checks are called aso_scores\.score_domain"):
        by_id([a_check(), a_check()])


def test_failures_out_of_nothing_are_all():
    assert (Count(0, 0).percent, Count(0, 2).percent, Count(50, 1).percent) == (0, 100, 2)


@given(n_checked=st.integers(1, 10**9), n_failed=st.integers(0, 10**9))
def test_a_share_is_never_rounded_to_nothing_nor_to_all(n_checked, n_failed):
    text = report._percent(min(n_failed, n_checked), n_checked)
    assert (text == "0.0 %") == (n_failed == 0)
    assert (text == "100.0 %") == (n_failed >= n_checked)
