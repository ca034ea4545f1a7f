"""docs/share.md says of every shared table what is in it; docs/privacy-share.md names tests that exist."""

import re

from flows.publish.sharing.columns import CAVEATS, COLUMNS
from tests.architecture.tree import ROOT


def test_the_page_holds_every_table_with_its_columns_and_caveat() -> None:
    page = (ROOT / "docs" / "share.md").read_text(encoding="utf-8")
    assert re.findall(r"^### (\w+)\.csv$", page, re.MULTILINE) == list(COLUMNS)
    for table, columns in COLUMNS.items():
        assert f"### {table}.csv\n\n{CAVEATS[table]}\n\n{', '.join(f'`{name}`' for name in columns)}\n" in page


def test_every_claim_names_tests_that_exist() -> None:
    page = (ROOT / "docs" / "privacy-share.md").read_text(encoding="utf-8")
    claims = [line for line in page.splitlines() if line.startswith("| ") and "`" in line]
    assert len(claims) > 10
    code = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py")}
    for claim in claims:
        named = re.findall(r"`([^`]+)`", claim.rsplit(" | ", 1)[1])
        last = ""
        for name in named:
            path, _, test = name.rpartition("::") if ".py" in name else (last, "", name)
            last = (path or test).rsplit("/", 1)[-1]
            assert last in code, name
            if test.startswith("test_") and not test.endswith((".py", "…")):
                assert f"def {test}(" in code[last], name
