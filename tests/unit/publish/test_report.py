import base64
import hashlib
import re
import shutil
from pathlib import Path
from xml.etree.ElementTree import Element

import duckdb
import pytest

from flows.publish.report import render, write_report
from flows.publish.report.age import FRESH_DAYS
from flows.publish.report.draw import drawings
from flows.publish.report.durations import spans
from flows.publish.report.names import file_name
from flows.warehouse import Home
from tests.pages import drawn_values, not_in_share, read_page, shared, tables, text_of
from tests.shares import full_share, write_facts, write_table
from tests.unit.publish.builds import make_build, publish_one

Pages = dict[str, Element]


def without(requests: object) -> list[None]:
    """No drawing at all."""
    return [None] * len(list(requests))  # type: ignore[call-overload]


@pytest.fixture(scope="module")
def share(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A share/ folder with all tables and all states."""
    return full_share(tmp_path_factory.mktemp("report") / "share", offices=5, partners=7)


@pytest.fixture(scope="module")
def html(share: Path) -> dict[str, str]:
    """Its pages, with drawings."""
    return render(share)


@pytest.fixture(scope="module")
def pages(html: dict[str, str]) -> Pages:
    """Its pages as trees."""
    return {name: read_page(text) for name, text in html.items()}


def told(page: Element) -> str:
    """The text of a page without its style."""
    return " ".join(text_of(page).split("}")[-1].split())


def test_p9_the_pages_are_self_contained(html: dict[str, str], pages: Pages):
    for name, page in pages.items():
        tags = {element.tag for element in page.iter()}
        assert not {"script", "img", "link", "iframe", "object", "form", "base", "image", "use", "defs"} & tags
        for element in page.iter():
            assert not {"src", "style", "srcset", "action", "onclick", "onload", "xlink:href"} & element.attrib.keys()
            href = element.get("href", "#")
            assert href.startswith("#") or href in pages, name
        assert re.findall(r"https?://", html[name]) == []
        assert "url(" not in html[name]
        assert "@import" not in html[name]


def test_p9_the_policy_allows_its_own_style_and_nothing_else(html: dict[str, str], pages: Pages):
    for name, page in pages.items():
        (policy,) = [e.attrib["content"] for e in page.iter("meta") if e.get("http-equiv") == "Content-Security-Policy"]
        (style,) = re.findall(r"<style>(.*?)</style>", html[name], re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def test_there_is_a_page_per_office_partner_and_domain_and_the_first_links_to_each(pages: Pages):
    links = {element.get("href") for element in pages["index.html"].iter("a")}
    assert pages.keys() - {"index.html"} <= links
    kinds = [name.split("-")[0] for name in pages if "-" in name]
    assert (kinds.count("office"), kinds.count("partner"), kinds.count("domain")) == (5, 7, 7)
    assert {"methods.html", "history.html"} <= pages.keys()


def test_the_three_questions_come_first_and_are_answered_in_one_sentence(pages: Pages):
    headings = [text_of(element) for element in pages["index.html"].iter("h2")]
    assert [heading[:2] for heading in headings[:3]] == ["1.", "2.", "3."]
    answers = [text_of(e) for e in pages["index.html"].iter("p") if e.get("class") == "answer"]
    assert len(answers) == 3
    for answer in answers:
        assert answer.count(". ") == 0
        assert re.search(r"interval -?[\d.]+ to -?[\d.]+", answer)
        assert re.search(r"\bn about \d", answer)
        assert "2026-11-01" in answer
    assert answers[0].startswith(
        "Of 100 survivors, about 41 (interval 38 to 45; n about 1600) are restored within 24 months"
    )


def test_every_page_tells_its_age_and_the_day_to_doubt_it(pages: Pages):
    for page in pages.values():
        text = told(page)
        assert "Data as of 2026-11-01, 1 day old when this page was made (2026-11-02)" in text
        assert "After 2026-12-06, look for a newer report" in text
        assert "If a later night was held or refused" in text
        assert "Old data" not in text


def test_data_that_are_old_when_the_page_is_made_are_said_to_be_old(share: Path, tmp_path: Path):
    old = Path(shutil.copytree(share, tmp_path / "share"))
    write_facts(old, [], created_at="2026-12-07T03:00:00+00:00")
    assert all("Old data: they were 36 days old" in page for page in render(old, drawings=without).values())
    assert FRESH_DAYS == 35


def test_every_state_is_shown_and_told_apart(pages: Pages):
    everything = " ".join(told(page) for page in pages.values())
    for said in ("refused", "not identifiable", "hidden", "too few people", "below expectation", "strength", "would need ten years",
                 "needs about 1,900 stays", "no overlap", "the effective sample is 38, at least 50 are needed"):  # fmt: skip
        assert said in everything


def test_every_number_of_a_table_is_one_of_share(pages: Pages, share: Path):
    found = [table for page in pages.values() for table in tables(page)]
    assert {table.source for table in found} >= {
        "curves", "optimal_time", "risk_indicators", "service_effects", "offices", "partners", "training_needs", "history",
        "domain_changes", "quality", "changes", "model_metrics", "fairness", "service_descriptions", "trainings",
    }  # fmt: skip
    for table in found:
        assert table.rows
        assert not_in_share(table, shared(share, table.source)) == []


def test_a_number_that_is_not_in_share_would_be_found(pages: Pages, share: Path):
    (table,) = [
        one for one in tables(pages["history.html"]) if one.caption.startswith("Releases") and len(one.rows) == 11
    ]
    rows = shared(share, "history")
    assert not_in_share(table, rows) == []
    rows[3]["upper"] = "99"
    assert [row[0] for row in not_in_share(table, rows)] == [rows[3]["as_of"]]


def test_every_point_that_is_drawn_is_one_of_share(pages: Pages, share: Path):
    kinds = set()
    for page in pages.values():
        for figure in page.iter("figure"):
            kinds.add(figure.get("data-figure"))
            values = drawn_values(figure)
            assert values
            (behind, *_) = [table for table in tables(figure) if table.kind != "at_risk"]
            rows = [{one for cell in row for one in (*cell.raw, cell.text)} for row in behind.rows]
            assert [value for value in values if not any(row >= {*value} for row in rows)] == []
    assert kinds == {"curves", "intervals", "funnel", "history"}


def test_a_drawing_is_one_image_with_title_and_description(pages: Pages):
    for page in pages.values():
        ids = [element.attrib["id"] for element in page.iter() if "id" in element.attrib]
        assert len(ids) == len(set(ids))
        for svg in page.iter("svg"):
            if svg.get("role") == "img":
                title, description = (next(svg.iter(tag)) for tag in ("title", "desc"))
                assert svg.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
                assert len(text_of(title)) > 5
                assert re.search(r"\d", text_of(description))


def test_under_the_curve_stands_who_was_at_risk(pages: Pages):
    figure = next(e for e in pages["index.html"].iter("figure") if e.get("data-name") == "care")
    (at_risk,) = [table for table in tables(figure) if table.kind == "at_risk"]
    assert [row[0].text for row in at_risk.rows] == ["6", "12", "18", "24", "30", "36"]


def test_without_drawings_the_tables_stand_open_and_the_page_says_why(share: Path):
    page = read_page(render(share, drawings=without)["index.html"])
    figures = list(page.iter("figure"))
    assert len(figures) > 8
    for figure in figures:
        assert "could not be drawn" in text_of(figure)
        assert all("open" in details.attrib for details in figure.iter("details"))


def test_a_chart_that_fails_leaves_the_others(share: Path):
    good = {"kind": "intervals", "words": {"x": "x"}, "options": {}, "rows": [
        {"label": "a", "value": "1", "estimate": 1.0, "lower": 0.5, "upper": 2.0, "raw": "a"}]}  # fmt: skip
    endless = {**good, "rows": [{**good["rows"][0], "upper": float("inf")}]}  # type: ignore[dict-item]
    unknown, bad, fine = drawings([{"kind": "no such kind"}, endless, good])
    assert unknown is bad is None
    assert fine is not None
    assert fine.image(name="n", title="t", description="d").startswith("<svg")


def test_a_share_with_its_manifest_alone_is_said_to_be_empty(tmp_path: Path):
    (tmp_path / "share").mkdir()
    write_facts(tmp_path / "share", [])
    pages = render(tmp_path / "share", drawings=without)
    assert pages.keys() == {"index.html", "methods.html", "history.html"}
    text = told(read_page(pages["index.html"]))
    for said in (
        "This release cannot answer: it has no curve", "This release cannot answer yet: it has no estimate", "Not answered yet",
        "no comparison of partners", "No office is named", "no results of checks", "names no excluded survivors", "No earlier release",
    ):  # fmt: skip
        assert said in text
    assert "carries no definitions" in told(read_page(pages["methods.html"]))
    assert "holds no history" in told(read_page(pages["history.html"]))


def test_tables_without_rows_are_the_same_as_none(share: Path, tmp_path: Path):
    (tmp_path / "empty").mkdir()
    for path in share.glob("*.csv"):
        write_table(tmp_path / "empty", path.stem, path.read_text().splitlines()[0].split(","), [])
    write_facts(tmp_path / "empty", [])
    (tmp_path / "none").mkdir()
    write_facts(tmp_path / "none", [])
    assert render(tmp_path / "empty", drawings=without) == render(tmp_path / "none", drawings=without)


@pytest.mark.parametrize(
    ("status", "said"), [("shown", "about 40 (interval 36 to 44; n about 120)"), ("hidden", "no headline curve")]
)
def test_the_headline_is_that_of_two_years_or_of_the_last_month_before(tmp_path: Path, status: str, said: str):
    """Also where curves.csv has the columns of format 1: no state, no stratum."""
    (tmp_path / "share").mkdir()
    columns = [
        "curve_name",
        "method",
        "month",
        "estimate_percent",
        "lower_percent",
        "upper_percent",
        "n_at_risk",
        "status",
    ]
    rows = [
        ("restoration", "panel", 12, 40, 36, 44, 120, status),
        ("restoration", "panel", 36, 70, 60, 80, 20, "shown"),
    ]
    write_table(tmp_path / "share", "curves", columns, rows)
    write_facts(tmp_path / "share", [])
    text = told(read_page(render(tmp_path / "share", drawings=without)["index.html"]))
    assert said in text
    assert ("within 12 months of intake" in text) is (status == "shown")


def test_a_sheet_for_a_partner_has_strengths_first(pages: Pages):
    sheets = [page for name, page in pages.items() if name.startswith("partner-")]
    for page in sheets:
        headings = [text_of(element) for element in page.iter("h2")]
        assert headings[:3] == [
            "Strengths",
            "Where it is below expectation: worth a conversation, perhaps a training",
            "Trainings already held",
        ]
    assert any("Social support" in told(page) for page in sheets)


@pytest.mark.parametrize(
    ("months", "said"),
    [("6,7,8,12", "6–8, 12"), ("15;18;21", "15, 18, 21"), ("6", "6"), ("", ""), ("33, 6, 7", "6–7, 33"), ("6 to 9", "6 to 9")],
)  # fmt: skip
def test_months_that_are_not_told_apart_are_said_in_few_words(months: str, said: str):
    assert spans(months) == said


def test_only_what_is_counted_is_drawn_between_limits_of_chance(pages: Pages):
    """Limits by the expected number are those of counts: of mean days or a share of assessments they would be wrong."""
    names = [e.get("data-name") for e in pages["index.html"].iter("figure") if e.get("data-figure") == "funnel"]
    assert names == ["funnel-restored_24m"]


def test_a_percent_that_protects_another_is_hidden_and_not_a_failed_estimate(tmp_path: Path):
    (tmp_path / "share").mkdir()
    columns = (
        "domain_code stratum stratum_value label n percent_measurable percent_substantial percent_worse mean_initial "
    )
    columns += "mean_latest status"
    row = ("SAF", "casework_type", "police_abuse", "police_abuse", 295, None, 51, None, 2.05, 2.96, "shown")
    write_table(tmp_path / "share", "domain_changes", columns.split(), [row])
    write_facts(tmp_path / "share", [])
    (found,) = tables(read_page(render(tmp_path / "share")["domain-saf.html"]))
    assert [cell.text for cell in found.rows[0]] == ["police abuse", "295", "2.05", "2.96", "hidden", "51 %", "hidden"]


def test_links_to_pages_are_in_the_order_that_people_count_in(tmp_path: Path):
    share = full_share(tmp_path / "share", offices=1, partners=12)
    index = render(share)["index.html"]
    partners = re.findall(r">Partner: Partner (\d+)<", index.replace("Partner 0", "Partner "))
    assert partners == [str(number) for number in range(12)]


def test_names_of_files_are_safe_and_told_apart():
    assert file_name("office", "north-1") == "office-north-1.html"
    odd = [file_name("office", code) for code in ("A/../B", "a-b", "A B", "Ä", "ä", "", "x" * 90)]
    assert len(set(odd)) == len(odd)
    assert all(re.fullmatch(r"office-[a-z0-9-]{1,60}\.html", name) for name in odd)


@pytest.fixture
def released(home: Home, tmp_path: Path) -> Path:
    """A release whose office is named to do harm."""
    publish_one(home, make_build(tmp_path / "b.duckdb", office="<script>alert(1)</script>"))
    return home.current


def test_values_are_escaped(released: Path):
    html = (released / "report" / "index.html").read_text()
    assert "<script" not in html
    assert "&lt;script&gt;" in html


def test_it_is_made_from_the_share_folder_alone(assembled: Path, tmp_path: Path):
    share = Path(shutil.copytree(assembled / "share", tmp_path / "elsewhere"))
    write_report(share, tmp_path / "report" / "index.html")
    again = {path.name: path.read_bytes() for path in (tmp_path / "report").iterdir()}
    assert again == {path.name: path.read_bytes() for path in (assembled / "report").iterdir()}
    assert len(again) > 5


def test_no_count_below_the_threshold_is_on_a_page_of_a_release(assembled: Path):
    page = read_page((assembled / "report" / "index.html").read_text())
    counts = [
        cell.text
        for table in tables(page)
        if table.source.startswith("episodes_by")
        for row in table.rows
        for cell in row[1:2]
    ]
    numbers = [int(count) for count in counts if count != "hidden"]
    assert numbers
    assert min(numbers) >= 11


def test_a_release_without_rows_has_a_page_that_says_so(home: Home, tmp_path: Path):
    build = make_build(tmp_path / "b.duckdb")
    with duckdb.connect(str(build)) as connection:
        for table in ("core.fct_episode", "core.dim_office", "outcomes.curve", "models.risk_indicator", "quality.check",
                      "meta.definition", "meta.exclusion"):  # fmt: skip
            connection.execute(f"delete from {table}")
    publish_one(home, build)
    text = told(read_page((home.current / "report" / "index.html").read_text()))
    assert "it has no curve" in text
    assert "Aftercare episodes: hidden" in text
