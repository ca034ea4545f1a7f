"""Scales: every value stands between the ends, ticks are round, and say what they are."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.publish.report.scales import dates, months, percents, rounded

NUMBERS = st.floats(-1e6, 1e6).map(lambda value: round(value, 4))


@given(st.lists(NUMBERS, min_size=1, max_size=9), st.booleans())
def test_a_rounded_scale_holds_every_value_between_round_ends(values: list[float], zero: bool) -> None:
    scale = rounded(values, 10, 310, zero=zero)
    held = [*values, *([0.0] if zero else [])]
    assert all(10 - 1e-6 <= scale(value) <= 310 + 1e-6 for value in held)
    places = [value for value, _ in scale.ticks]
    assert places == sorted(places)
    assert (places[0], places[-1]) == (scale.low, scale.high)
    assert 2 <= len(places) <= 7
    for value, text in scale.ticks:
        assert float(text) == pytest.approx(value, rel=1e-9, abs=1e-12)
    apart = [after - before for before, after in pairwise(places)]
    assert apart == pytest.approx([apart[0]] * len(apart), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize(
    ("values", "zero", "ticks"),
    [
        ([0, 12], True, ["0", "5", "10", "15"]),
        ([-0.0004, 0.0008], False, ["-0.0005", "0.0000", "0.0005", "0.0010"]),
        ([35, 45], False, ["35", "40", "45"]),
        ([7], False, ["6.0", "6.5", "7.0", "7.5", "8.0"]),
        ([1, 19], False, ["0", "5", "10", "15", "20"]),
    ],
)
def test_ticks_are_those_a_person_would_choose(values: list[float], zero: bool, ticks: list[str]) -> None:
    assert [text for _, text in rounded(values, 0, 100, zero=zero).ticks] == ticks


@pytest.mark.parametrize(("last", "ticks"), [(36, 7), (6, 2), (60, 6), (0, 1), (192, 9)])
def test_months_are_marked_by_half_years_or_years(last: int, ticks: int) -> None:
    assert len(months(last, 0, 100).ticks) == ticks
    assert percents(100, 0)(25) == 75


@given(st.dates(date(2000, 1, 1), date(2060, 1, 1)), st.integers(0, 9000))
def test_days_have_at_least_one_tick_and_never_a_crowd(first: date, more: int) -> None:
    last = first + timedelta(days=more)
    scale = dates([last, first], 0, 300)
    assert 1 <= len(scale.ticks) <= 5
    for value, text in scale.ticks:
        assert scale.low <= value <= scale.high
        assert f"{date.fromordinal(int(value)):%Y-%m}" == text
    assert (scale(first.toordinal()), scale(last.toordinal())) == ((0, 300) if more else (150, 150))
