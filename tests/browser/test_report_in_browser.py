"""What a person sees of the report: nothing missing, nothing asked of a network, readable on a telephone and on paper."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.browser.conftest import Report, watched
from tests.pages import drawn_values, not_in_share, read_page, shared, tables

MOST_BYTES, MOST_SECONDS = 2_000_000, 30.0
TELEPHONE, LEAST_PIXELS = 360, 12.0
A4_PIXELS, LEAST_ON_PAPER = 688, 10.6  # 210 mm less two margins of 14 mm, at 96 pixels an inch; 8 points

SMALLEST = """
() => {
    let least = Infinity, what = '';
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const node = walker.currentNode, element = node.parentElement;
        if (!node.textContent.trim() || ['STYLE', 'title', 'desc'].includes(element.tagName)) continue;
        if (element.getClientRects().length === 0) continue;
        const svg = element.closest('svg');
        const scale = svg ? svg.getBoundingClientRect().width / svg.viewBox.baseVal.width : 1;
        const size = parseFloat(getComputedStyle(element).fontSize) * scale;
        if (size < least) { least = size; what = element.tagName + ': ' + node.textContent.trim().slice(0, 40); }
    }
    return [least, what];
}
"""
MARKS = """
name => [...document.querySelectorAll(`figure[data-name="${name}"] svg.chart [data-value]`)].map(mark => {
    const box = mark.getBoundingClientRect();
    return [mark.dataset.value, box.left, box.right, (box.top + box.bottom) / 2];
})
"""
OPEN_ALL = "() => document.querySelectorAll('details').forEach(one => one.open = true)"


def test_it_is_built_within_30_seconds_and_no_page_is_heavy(full: Report) -> None:
    sizes = [path.stat().st_size for path in full.folder.iterdir()]
    assert len(sizes) > 85
    assert max(sizes) < MOST_BYTES
    assert full.seconds < MOST_SECONDS


def test_no_page_complains_or_asks_for_anything_but_itself(report: Report, browser: Browser) -> None:
    seen = watched(browser, report.folder)
    for name in report.pages():
        seen.requests.clear()
        seen.open(name).evaluate(OPEN_ALL)
        assert seen.requests == [(report.folder / name).as_uri()]
    assert seen.complaints == []
    seen.page.context.close()


def test_the_policy_refuses_what_a_changed_page_would_load(full: Report, browser: Browser, tmp_path: Path) -> None:
    """The watch works, and so does the policy: an image and a script put into a page are not loaded."""
    html = (full.folder / "index.html").read_text()
    added = '<script>document.title = "ran"</script><img src="other.png" alt=""><p style="color: red">x</p></main>'
    (tmp_path / "index.html").write_text(html.replace("</main>", added))
    (tmp_path / "other.png").write_bytes(b"")
    seen = watched(browser, tmp_path)
    assert "ran" not in seen.open("index.html").title()
    assert len([text for text in seen.complaints if "Content Security Policy" in text]) >= 3
    seen.page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(report: Report, browser: Browser, scheme: str) -> None:
    seen = watched(browser, report.folder, scheme=scheme)
    rules: dict[str, Any] = {"resultTypes": ["violations"]}
    if scheme == "dark":
        rules["runOnly"] = ["color-contrast"]  # the only rule that knows colours
    for name in report.pages():
        page = seen.open(name)
        if scheme == "light":
            page.evaluate(OPEN_ALL)
        found: list[dict[str, Any]] = Axe().run(page, options=rules).response["violations"]
        serious = [(one["id"], one["nodes"][0]["target"]) for one in found if one["impact"] in ("serious", "critical")]
        assert serious == [], name
    seen.page.context.close()


def test_it_is_legible_on_a_telephone(report: Report, browser: Browser) -> None:
    seen = watched(browser, report.folder, width=TELEPHONE)
    for name in report.pages():
        page = seen.open(name)
        page.evaluate(OPEN_ALL)
        assert page.evaluate("document.documentElement.scrollWidth") <= TELEPHONE, name
        least, what = page.evaluate(SMALLEST)
        assert least >= LEAST_PIXELS, (name, what)
    seen.page.context.close()


def pages_on_paper(page: Page) -> int:
    """How many sheets of A4 a page takes."""
    return len(re.findall(rb"/Type\s*/Page\b", page.pdf(prefer_css_page_size=True)))


def test_it_is_legible_on_paper(report: Report, browser: Browser) -> None:
    seen = watched(browser, report.folder, width=A4_PIXELS)
    for name in report.pages():
        page = seen.open(name)
        page.emulate_media(media="print", color_scheme="dark")
        page.evaluate(OPEN_ALL)
        assert page.evaluate("document.documentElement.scrollWidth") <= A4_PIXELS, name
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        least, what = page.evaluate(SMALLEST)
        assert least >= LEAST_ON_PAPER, (name, what)
    seen.page.context.close()


def test_a_partner_has_one_sheet(full: Report, browser: Browser) -> None:
    seen = watched(browser, full.folder)
    sheets = sorted(path.name for path in full.folder.glob("partner-*.html"))
    assert len(sheets) == 60
    assert {pages_on_paper(seen.open(name)) for name in sheets[:9]} == {1}
    seen.page.context.close()


def test_every_figure_has_a_drawing_and_its_numbers_equal_share(report: Report, browser: Browser) -> None:
    seen = watched(browser, report.folder)
    drawn = 0
    for path in sorted(report.folder.glob("*.html")):
        page = read_page(path.read_text())
        for table in tables(page):
            assert not_in_share(table, shared(report.share, table.source)) == [], (path.name, table.caption)
        for figure in page.iter("figure"):
            (behind, *_) = [table for table in tables(figure) if table.kind != "at_risk"]
            rows = [{one for cell in row for one in (*cell.raw, cell.text)} for row in behind.rows]
            values = drawn_values(figure)
            assert values, (path.name, figure.get("data-name"))
            assert [value for value in values if not any(row >= {*value} for row in rows)] == []
            drawn += 1
    names = seen.open("index.html").evaluate("[...document.querySelectorAll('figure')].map(one => one.dataset.name)")
    assert drawn >= len(names) > 0
    seen.page.context.close()


def off_the_line(values: list[float], pixels: list[float]) -> float:
    """The most that a pixel is off the straight line through all of them."""
    slope, start = np.polyfit(values, pixels, 1)
    assert abs(slope) > 0
    return float(np.abs(np.polyval([slope, start], values) - pixels).max())


def test_marks_stand_where_their_numbers_say(full: Report, browser: Browser) -> None:
    seen = watched(browser, full.folder)
    page = seen.open("index.html")
    curve = [(mark[0].split("|"), mark) for mark in page.evaluate(MARKS, "care")]
    assert len(curve) == 24
    assert off_the_line([float(value[3]) for value, _ in curve], [mark[3] for _, mark in curve]) < 1.0
    assert off_the_line([float(value[2]) for value, _ in curve], [(mark[1] + mark[2]) / 2 for _, mark in curve]) < 1.0
    bars = [(mark[0].split("|"), mark) for mark in page.evaluate(MARKS, "importance-not_restored_24m")]
    assert len(bars) > 5
    limits = [float(value[side]) for value, _ in bars for side in (2, 3)]
    assert off_the_line(limits, [mark[side] for _, mark in bars for side in (1, 2)]) < 4.5  # the bars are 4 wide
    seen.page.context.close()


def test_it_is_used_with_the_keyboard_alone(full: Report, browser: Browser) -> None:
    seen = watched(browser, full.folder)
    page = seen.open("index.html")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.url.endswith("#content")
    page.locator("figure summary").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("figure details").first.get_attribute("open") is not None
    page.locator("#partners a").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/partner-*.html")
    page.locator("header a").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/index.html")
    assert page.locator("main").count() == page.locator("h1").count() == 1
    seen.page.context.close()
