"""The linter of the report's language: what a page may say, and what must stand beside every number (R70, R71)."""

import ast
import re
from functools import cache
from pathlib import Path
from xml.etree.ElementTree import Element

import pytest

from flows.publish.report import render
from flows.publish.report.words import Words, words
from tests.pages import Table, read_page, tables, text_of
from tests.shares import full_share

STATES = ("hidden", "refused", "not identifiable", "too few people", "not estimated", "enough to be shown")

# Words of cause are allowed only in sentences that deny it, or that are the name of something.
CAUSAL = re.compile(
    r"\b(caus\w+|because|leads? to|due to|results? in|improves?|works?|effective(?! n)|effects?|impacts?|helps?(?! to predict)|"
    r"prevents?|reduces?|increases?(?! of the loss))\b", re.IGNORECASE,
)  # fmt: skip
ALLOWED = (
    "They do not say what causes an outcome, nor what to work on with one survivor.",
    "No estimate here says that a service works or does not work; each holds under the assumptions of its question only.",
    "how survivors recover in aftercare, and what helps",
)
# One best month, a rank, a league.
FORBIDDEN = re.compile(
    r"\b(best|worst|optimal|ideal|top|bottom|winner|league|leading|ranked|ranking|number one|\d+(st|nd|rd|th)|"
    r"first place|better than|worse than)\b", re.IGNORECASE,
)  # fmt: skip
NAMES = ("How are services best delivered", "worse at the mid-point")
RANK = re.compile(r"\branks?\b(?! intervals?\b)(?! are intervals\b)", re.IGNORECASE)
PLACE_OR_DATE = re.compile(r"\b(map|latitude|longitude|district|village|rescue operation on)\b", re.IGNORECASE)


def without(requests: object) -> list[None]:
    """No drawing: its words stand in the table and in the description of each figure, which other tests hold."""
    return [None] * len(list(requests))  # type: ignore[call-overload]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Element]:
    """The pages of a share/ folder with all tables and all states."""
    share = full_share(tmp_path_factory.mktemp("text") / "share", offices=5, partners=8)
    found = {name: read_page(html) for name, html in render(share, drawings=without).items()}
    for page in found.values():
        (style,) = page.iter("style")
        style.text = ""
    return found


def sentences(text: str) -> list[str]:
    """The sentences of a text."""
    return re.split(r"(?<=[.!?])\s+(?=[A-Z])", text)


def causal(text: str) -> list[str]:
    """The sentences that claim a cause."""
    for allowed in ALLOWED:
        text = text.replace(allowed, "")
    return [sentence for sentence in sentences(text) if CAUSAL.search(sentence)]


def ranking(text: str) -> list[str]:
    """The sentences that name one best or put things in an order."""
    for allowed in NAMES:
        text = text.replace(allowed, "")
    return [sentence for sentence in sentences(text) if FORBIDDEN.search(sentence) or RANK.search(sentence)]


def own_words(page: Element) -> str:
    """The text of a page without what the data say: reasons and notes of definitions are checked where they are written."""
    return " ".join(
        text_of(e)
        for e in page.iter()
        if e.tag in ("h1", "h2", "h3", "p", "li", "summary", "figcaption", "caption", "th")
    )


def test_no_page_claims_a_cause(pages: dict[str, Element]):
    for page in pages.values():
        assert causal(own_words(page)) == []


def test_no_page_names_one_best_or_ranks(pages: dict[str, Element]):
    for page in pages.values():
        assert ranking(own_words(page)) == []


def test_p23_no_page_tells_a_place_below_the_office_or_an_office_by_month(pages: dict[str, Element]):
    for page in pages.values():
        assert not PLACE_OR_DATE.search(text_of(page))
        for table in tables(page):
            columns = {name for row in table.rows[:1] for cell in row for name in cell.columns}
            assert not (columns >= {"office_id", "month"} and "n" in columns)


def is_told(text: str) -> bool:
    """A number, or the reason why there is none."""
    return bool(re.search(r"\d", text)) or text in STATES


INTERVAL = {("lower", "upper"), ("lower_percent", "upper_percent"), ("lower_months", "upper_months")}
COUNT = {("n",), ("n_at_risk",), ("effective_n",)}
STATISTICS = {"estimate", "estimate_percent", "estimate_months", "ratio", "importance"}


def lacking(table: Table) -> list[str]:
    """What a table of statistics lacks: a column or a cell of its interval or of its number of people."""
    found = []
    for row in table.rows:
        cells = {cell.columns: cell.text for cell in row}
        if not {name for columns in cells for name in columns} & STATISTICS:
            continue
        interval = [text for columns, text in cells.items() if columns in INTERVAL]
        count = [text for columns, text in cells.items() if columns in COUNT]
        if not interval or not all(map(is_told, interval)):
            found.append(f"{table.caption}: interval")
        if table.kind != "indicators" and (not count or not all(map(is_told, count))):
            found.append(f"{table.caption}: n")
    return found


def test_r71_an_interval_and_n_stand_beside_every_estimate_of_a_table(pages: dict[str, Element]):
    kinds = set()
    for page in pages.values():
        for table in tables(page):
            kinds.add(table.kind)
            if table.kind != "described":
                assert lacking(table) == []
            else:
                assert all(any(cell.columns == ("n",) and is_told(cell.text) for cell in row) for row in table.rows)
    assert {"estimates", "indicators", "described", "counts"} <= kinds


def test_r71_an_interval_n_and_date_stand_beside_every_number_of_a_sentence(pages: dict[str, Element]):
    marked = 0
    for page in pages.values():
        for element in page.iter("p"):
            values = [e for e in element.iter("strong") if e.get("class") == "value"]
            text = text_of(element)
            marked += len(values)
            if values:
                assert len(re.findall(r"interval (?:-?[\d.]+ to -?[\d.]+|not estimated)", text)) >= len(values)
                assert re.search(r"\bn about \d", text)
                assert re.search(r"\d{4}-\d{2}-\d{2}", text)
    assert marked >= 5


def test_every_percent_or_month_of_a_sentence_is_a_marked_value_or_a_fixed_rule(pages: dict[str, Element]):
    """Fixed rules stand in the catalogue; anything else that looks like a figure must carry its interval."""
    fixed = {number for text in words().texts.values() if isinstance(text, str) for number in re.findall(r"\d+", text)}
    for page in pages.values():
        for element in page.iter("p"):
            if element.get("class") in ("answer", "soft") or any(True for _ in element.iter("strong")):
                continue
            numbers = re.findall(r"\b(\d+(?:\.\d+)?)(?= ?%| percent| months)", text_of(element))
            assert {*numbers} <= fixed, text_of(element)


@pytest.mark.parametrize(
    "said",
    [
        "Therapy improves recovery.",
        "More sessions lead to restoration.",
        "The effect of shelter is large.",
        "It is due to training.",
    ],
)
def test_the_linter_finds_a_claim_of_cause(said: str):
    assert causal(f"Fine words. {said}") == [said]


@pytest.mark.parametrize(
    "said",
    [
        "The best month is 14.",
        "Office A ranks above B.",
        "Office 3 came 1st.",
        "It is better than others.",
        "The optimal stay is 14 months.",
    ],
)
def test_the_linter_finds_a_rank_or_one_best(said: str):
    assert ranking(f"Fine words. {said}") == [said]


def test_under_a_null_the_page_names_no_month_at_all(tmp_path: Path):
    """S6: nothing is told apart, so the first question has sets and refusals, and no month as its answer."""
    share = full_share(tmp_path / "share", offices=1, partners=1)
    lines = (share / "optimal_time.csv").read_text().splitlines()
    null = [
        line.replace("22,19,27,,2600,estimated,", ",,,6;9;12;15;18;21;24,2600,not_identifiable,all months are alike")
        for line in lines
    ]
    (share / "optimal_time.csv").write_text("\n".join(line for line in null if "restricted_mean" not in line) + "\n")
    page = read_page(render(share, drawings=without)["index.html"])
    (table,) = [
        table
        for table in tables(page)
        if table.source == "optimal_time" and "Each question" in table.caption and len(table.rows) == 4
    ]
    assert {cell.text for row in table.rows for cell in row if cell.columns == ("estimate_months",)} <= {*STATES}
    assert "could be estimated with an interval; the table says why" in text_of(page)
    assert ranking(own_words(page)) == []


# The catalogue: every text of a page comes from it, and nothing of it is idle.

PACKAGE = Path(words.__code__.co_filename).parent
PROSE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}|<[^>]*>|<style>.*?</style>", re.DOTALL)


@pytest.mark.parametrize("path", sorted(PACKAGE.glob("templates/*.j2")), ids=lambda path: path.name)
def test_templates_hold_no_text_of_their_own(path: Path):
    text = re.sub(r"\{\{.*?\}\}|\{%.*?%\}", "", path.read_text(), flags=re.DOTALL)
    assert not re.search(r"[A-Za-z]{2}", re.sub(r"<[^>]*>", "", text))
    assert not re.search(r'(aria-label|title|alt)="[A-Za-z]', text)


class Marked(Words):
    """A language in which every text is its key, so that what is not translated shows."""

    def __init__(self) -> None:
        texts = words().texts
        super().__init__("xx", {key: _marked(text) for key, text in texts.items()})

    def label(self, family: str, code: str) -> str:
        return super().label(family, code) if self.has(f"{family}.{code}") else "⟦⟧"


def _marked(text: object) -> object:
    if isinstance(text, dict):
        return {name: _marked(one) for name, one in text.items()}
    return "⟦" + " ".join(re.findall(r"\{\w+\}", str(text))) + "⟧"


def test_a_translation_of_the_catalogue_translates_every_page(tmp_path: Path):
    """With every text replaced by its values, no English is left but what share/ itself says."""
    share = full_share(tmp_path / "share", offices=2, partners=2)
    said = " ".join(path.read_text() for path in share.iterdir())
    language = Marked()
    for html in render(share, texts=language, drawings=without).values():
        page = read_page(html)
        (style,) = page.iter("style")
        style.text = ""
        assert page.get("lang") == "xx"
        left = {word for word in re.findall(r"[A-Za-z]{3,}", text_of(page)) if word not in said}
        assert left == set()


@cache
def asked_for() -> tuple[set[str], list[re.Pattern[str]]]:
    """The texts that the package names: whole keys and families of labels; and patterns of keys put together."""
    whole, patterns = set(), []
    for path in [*PACKAGE.glob("*.py"), PACKAGE.parents[1] / "report_server.py"]:
        tree = ast.parse(path.read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                whole.add(node.value)
            is_key = isinstance(node, ast.JoinedStr) and any(isinstance(one, ast.Constant) for one in node.values)
            if is_key and path.name != "words.py":
                parts = (re.escape(p.value) if isinstance(p, ast.Constant) else r"[a-z_0-9.]+" for p in node.values)
                patterns.append(re.compile("".join(map(str, parts))))
    for path in PACKAGE.glob("templates/*.j2"):
        whole |= set(re.findall(r't\("([\w.]+)"', path.read_text()))
    return whole, patterns


def is_used(key: str) -> bool:
    """Whether a page can ask for a text of the catalogue."""
    whole, patterns = asked_for()
    family = key.rsplit(".", 1)[0]
    return key in whole or family in whole or any(one.fullmatch(key) for one in patterns if one.pattern.count("+") < 2)


def test_every_text_of_the_catalogue_is_used():
    assert [key for key in words().texts if not is_used(key)] == []
    assert not is_used("q1.of_no_use")
    assert not is_used("page.of_no_use")


def test_a_key_that_is_not_there_is_an_error():
    with pytest.raises(KeyError):
        words()("q1.of_no_use")
