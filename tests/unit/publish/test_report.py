import base64
import hashlib
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import duckdb
import pytest

from flows.publish.report import render, write_report
from flows.warehouse import Home
from tests.unit.publish.builds import make_build, make_facts, publish_one


class Page(HTMLParser):
    """Every tag with its attributes, and whether the tags close in order."""

    VOID = ("meta", "br", "hr", "img", "link", "input")

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture
def html(assembled: Path) -> str:
    return (assembled / "report" / "index.html").read_text()


def test_p9_the_page_is_self_contained(html: str):
    tags = Page(html).tags
    assert not {"script", "img", "link", "iframe", "object", "form", "base", "image", "use"} & {tag for tag, _ in tags}
    for _, attributes in tags:
        assert not {"src", "style", "srcset", "action", "onclick", "onload"} & attributes.keys()
        assert (attributes.get("href") or "#").startswith("#")
    assert re.findall(r"https?://[^\"' <]+", html) == ["http://www.w3.org/2000/svg"]
    assert "url(" not in html
    assert "@import" not in html


def test_p9_the_policy_allows_its_own_style_and_nothing_else(html: str):
    policy = dict(Page(html).tags[[tag for tag, _ in Page(html).tags].index("meta") + 1][1])["content"]
    assert policy is not None
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy


def test_the_hash_in_the_policy_is_that_of_the_style(html: str):
    (style,) = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"sha256-{digest}" in html.replace("&#43;", "+").replace("&#39;", "'")


def test_the_three_questions_come_first_and_are_answered_honestly(html: str):
    headings = [re.sub(r"\s+", " ", text) for text in re.findall(r"<h2>(.*?)</h2>", html)]
    assert [heading[:2] for heading in headings[:3]] == ["1.", "2.", "3."]
    assert headings[3:] == ["Counts", "Quality of the data", "Methods and definitions"]
    text = re.sub(r"\s+", " ", html)
    for said in (
        "Known to lag", "if nobody left", "provisional curves", "do not say what causes",
        "Not answered yet", "No best length of care is given", "Data as of <strong>2026-11-01</strong>",
        "every domain &gt;= 3.0", "Code version 0.1.0", "2026-11-01-0001",
    ):  # fmt: skip
        assert said in text


def test_the_chart_has_a_title_a_description_and_its_numbers_behind_it(html: str):
    (svg,) = re.findall(r'<svg class="chart".*?</svg>', html, re.DOTALL)
    root = ElementTree.fromstring(svg)
    space = "{http://www.w3.org/2000/svg}"
    assert root.find(f"{space}title") is not None
    description = root.find(f"{space}desc")
    assert description is not None
    assert "percent by month" in (description.text or "")
    assert len(root.findall(f"{space}path")) == 2
    assert html.count("The numbers behind the chart") == 2


def test_light_dark_and_print_are_there(html: str):
    assert "prefers-color-scheme: dark" in html
    assert "@media print" in html


def test_it_is_made_from_the_share_folder_alone(assembled: Path, tmp_path: Path):
    share = tmp_path / "elsewhere"
    shutil.copytree(assembled / "share", share)
    write_report(share, tmp_path / "report" / "index.html")
    assert (tmp_path / "report" / "index.html").read_bytes() == (assembled / "report" / "index.html").read_bytes()


def test_no_number_of_people_below_the_threshold_is_on_the_page(assembled: Path, html: str):
    cells = re.findall(r"<h3>By .*?</table>", html, re.DOTALL)
    numbers = [int(n) for cell in cells for n in re.findall(r'class="n">(\d+)</td><td', cell)]
    assert numbers
    assert min(numbers) >= 11


def test_values_are_escaped(home: Home, tmp_path: Path):
    build = make_build(tmp_path / "b.duckdb", office="<script>alert(1)</script>")
    publish_one(home, build)
    html = (home.current / "report" / "index.html").read_text()
    assert "<script" not in html
    assert "&lt;script&gt;" in html


def test_empty_tables_are_said_to_be_empty(home: Home, tmp_path: Path):
    build = make_build(tmp_path / "b.duckdb")
    with duckdb.connect(str(build)) as connection:
        for table in ("core.fct_episode", "core.dim_office", "outcomes.curve", "models.risk_indicator", "quality.check",
                      "meta.definition", "meta.exclusion"):  # fmt: skip
            connection.execute(f"delete from {table}")
    publish_one(home, build)
    html = (home.current / "report" / "index.html").read_text()
    Page(html)
    for said in (
        "it has no curve",
        "it has no estimate of what",
        "no results of checks",
        "no excluded",
        "no definitions",
    ):
        assert said in html
    assert "<svg" not in html
    assert "Aftercare episodes: hidden" in html


def test_the_same_share_gives_the_same_page(assembled: Path):
    assert render(assembled / "share") == render(assembled / "share")


def test_the_age_is_told_from_the_facts_and_not_from_a_clock(home: Home, build: Path):
    assert make_facts(home).created_at.date().isoformat() == "2026-11-01"
    publish_one(home, build)
    assert "0 days old when this page was made" in re.sub(
        r"\s+", " ", (home.current / "report" / "index.html").read_text()
    )


@pytest.mark.parametrize(
    ("status", "said"), [("shown", "about <strong>40</strong> (interval 36 to 44)"), ("hidden", "no headline curve")]
)
def test_the_headline_is_one_sentence_with_interval_number_and_date(
    assembled: Path, tmp_path: Path, status: str, said: str
):
    share = Path(shutil.copytree(assembled / "share", tmp_path / "share"))
    curves = share / "curves.csv"
    curves.chmod(0o600)
    head = curves.read_text().splitlines()[0]
    lines = [f"12,40,36,44,120,panel,{status}", "36,70,60,80,20,panel,shown"]
    curves.write_text("\n".join([head, *(f"restoration,overall,all,all,restored,{line}" for line in lines), ""]))
    page = " ".join(render(share).split())
    assert said in page
    if status == "shown":
        assert "within <strong>12 months</strong> of intake and before they leave care; about 120 people" in page
        assert "Data as of 2026-11-01. No best length of care is given" in page
