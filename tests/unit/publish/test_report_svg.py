"""Drawings: what is in one and where it stands, and the small bars of tables."""

import re
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest

from flows.publish.report.charts import drawing
from flows.publish.report.standings import bar, limits
from flows.publish.report.svg import between, stairs

HOSTILE = '"><script>alert(1)</script>&'


def drawn(rows: list[dict[str, object]], **options: object) -> Element:
    """The drawing of these lines of intervals."""
    canvas = drawing({"kind": "intervals", "rows": rows, "words": {"x": HOSTILE}, "options": options})
    return ElementTree.fromstring(str(canvas.image(name="n", title=HOSTILE, description=HOSTILE)))


def line(label: str, lower: float, estimate: float | None, upper: float) -> dict[str, object]:
    """One line of intervals."""
    return {
        "label": label,
        "value": "v",
        "raw": f"{label}|{lower}",
        "estimate": estimate,
        "lower": lower,
        "upper": upper,
    }


def test_a_drawing_is_one_image_and_its_words_are_words_only():
    image = drawn([line(HOSTILE, 0.1, 0.2, 0.3)])
    assert image.attrib["role"] == "img"
    assert {e.tag for e in image.iter()} == {"svg", "title", "desc", "line", "circle", "text"}
    assert [e.text for e in image.iter("title")] == [e.text for e in image.iter("desc")] == [HOSTILE]
    assert HOSTILE in {e.get("data-value", "").rpartition("|")[0] for e in image.iter()}
    for element in image.iter():
        assert not {"href", "style", "src"} & element.attrib.keys()
        assert not any("url(" in text or name.startswith("on") for name, text in element.attrib.items())


def test_bars_and_points_stand_where_the_scale_puts_them():
    image = drawn([line("a", 0.0, 5.0, 10.0), line("b", 2.0, None, 4.0)], reference=0)
    bars = [e for e in image.iter("line") if "data-value" in e.attrib]
    start, end = (float(bars[0].attrib[name]) for name in ("x1", "x2"))
    assert float(bars[1].attrib["x1"]) == pytest.approx(start + 0.2 * (end - start), abs=0.01)
    (point,) = image.iter("circle")
    assert float(point.attrib["cx"]) == pytest.approx((start + end) / 2, abs=0.01)
    assert float(point.attrib["cy"]) == float(bars[0].attrib["y1"])
    assert len([e for e in image.iter("line") if e.get("stroke-dasharray")]) == 2  # a mark of the reference a bar


def test_nothing_is_written_outside_the_drawing():
    """By letters of the widest font that is met: seven pixels each."""
    image = drawn([line("a" * 30 + " " + "b" * 30, -0.0004, 0.0002, 0.0008)], reference=0)
    width = float(image.attrib["viewBox"].split()[2])
    for text in image.iter("text"):
        x, half = float(text.attrib["x"]), 7 * len(text.text or "") / 2
        left = {"middle": x - half, "end": x - 2 * half}.get(text.get("text-anchor", ""), x)
        assert left >= 0
        assert left + 2 * half <= width + 8


def test_a_stair_keeps_its_height_until_the_next_point_and_a_band_closes():
    assert stairs([(0, 9), (10, 5), (20.123, 1)]) == "M0 9H10V5H20.12V1"
    assert between([(0, 5), (10, 3)], [(0, 9), (10, 7)], stepped=True) == "M0 5H10V3V7V9H0Z"
    assert between([(0, 5), (10, 3)], [(0, 9), (10, 7)], stepped=False) == "M0 5L10 3L10 7L0 9Z"


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
