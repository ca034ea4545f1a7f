"""Drawings: what may be in one, and the small bars of tables."""

import re

import pytest

from flows.publish.report.standings import bar, limits
from flows.publish.report.svg import safe

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" width="320" height="20" viewBox="0 0 320 20">'


def made_safe(inside: str) -> str:
    return str(safe(f"{HEAD}{inside}</svg>", name="n", title="A <title>", description='says "what" & how'))


def test_a_drawing_becomes_one_image_that_says_what_it_shows():
    drawn = made_safe('<g><rect x="1" y="2" width="3" height="4" fill="var(--c0)"/><text x="5">a &lt; b</text></g>')
    assert drawn.startswith('<svg viewBox="0 0 320 20" class="chart" role="img" aria-labelledby="n-title n-desc">')
    assert '<title id="n-title">A &lt;title&gt;</title>' in drawn
    assert '<desc id="n-desc">says "what" &amp; how</desc>' in drawn
    assert "a &lt; b" in drawn
    assert 'width="320"' not in drawn


@pytest.mark.parametrize(
    "inside",
    ["<script>1</script>", "<image href='x.png'/>", "<use href='#a'/>", "<foreignObject><p>x</p></foreignObject>",
     "<a href='x'><text>y</text></a>",
     "<style>*{}</style>", "<rect fill='url(#a)'/>", "<rect fill='url(https://example.org/x)'/>",
     "<animate/>", "<text fill='javascript:1'>x</text>"],
)  # fmt: skip
def test_what_could_run_load_or_point_elsewhere_is_refused(inside: str):
    with pytest.raises(ValueError, match="drawing"):
        made_safe(inside)


def test_attributes_that_are_not_known_go():
    drawn = made_safe(
        '<rect onclick="x()" style="fill:red" href="y" id="z" tabindex="0" aria-label="what Vega says" x="1"/>'
    )
    assert re.search(r'<rect x="1" ?/>', drawn)


def test_only_values_of_share_stay_as_data():
    drawn = made_safe('<path aria-label="share|restored|24|41" d="M0 0"/><path aria-label="Months: 24" d="M0 0"/>')
    assert re.findall(r'data-value="([^"]*)"', drawn) == ["restored|24|41"]


@pytest.mark.parametrize(
    ("ratio", "low", "high", "at", "left", "right"),
    [("1", "1", "1", 50.0, 50.0, 50.0), ("3", "1", "9", 100.0, 50.0, 100.0), ("0.1", "0", "0.3333333", 0.0, 0.0, 0.0)],
)  # fmt: skip
def test_a_bar_is_on_a_log_scale_with_one_in_the_middle(
    ratio: str, low: str, high: str, at: float, left: float, right: float
):
    drawn = str(bar({"ratio": ratio, "lower": low, "upper": high}))
    assert f'data-value="{ratio}|{low}|{high}"' in drawn
    (cx,) = re.findall(r'cx="([\d.]+)"', drawn)
    ((start, end),) = re.findall(r'd="M([\d.]+) 6H([\d.]+)"', drawn)
    assert [float(cx), float(start), float(end)] == pytest.approx([at, left, right], abs=0.05)


def test_there_is_no_bar_without_all_three_numbers():
    assert bar({"ratio": "1", "lower": "", "upper": "2"}) == ""


def test_limits_of_chance_are_wider_where_less_is_expected():
    found = [one for one in limits([{"expected": 40.0, "upper": 1.5}]) if one["level"] == "95"]
    near = min(found, key=lambda one: abs(one["expected"] - 40))
    assert near["high"] == pytest.approx(1 + 1.959964 / near["expected"] ** 0.5)
    assert [one["low"] for one in found] == sorted(one["low"] for one in found)
    assert all(one["low"] >= 0 and one["high"] <= 2 for one in found)
