"""Writes the reference pages from what they describe: docs/source.md, marts.md, rules.md, checks.md, faults.md, and those of
reference.py and lineage.py.

make docs          # a test holds that the committed pages are what this writes
"""

import re
import runpy
import sys
from pathlib import Path
from typing import Any

import yaml

from expectations.suites import DOORS, registry
from flows.extract.contract import Column, jds
from flows.settings import PROJECT

DOCS = PROJECT / "docs"
MARTS = PROJECT / "dbt_project" / "models" / "marts"
SCHEMAS = ("core", "aso", "services", "outcomes", "models", "quality", "meta")
HEAD = "<!-- Written by docs/generate.py: edit what it reads, then `make docs`. -->\n\n"
LANDS = {
    "drop": "never lands",
    "birth_year": "the year only",
    "closure": "mapped to an outcome; its text only as a keyed hash",
    "text": "as it is",
    "date": "date",
    "timestamp": "timestamp, UTC",
    "bool": "boolean",
    "int": "whole number",
    "number": "number",
}


def pages() -> dict[str, str]:
    """File name and text of each reference page."""
    own = {
        "source.md": source_page(),
        "marts.md": marts_page(),
        "rules.md": rules_page(),
        "checks.md": checks_page(),
        "faults.md": faults(),
    }
    beside: dict[str, str] = {}
    for name in ("reference.py", "lineage.py"):
        beside |= runpy.run_path(str(DOCS / name))["pages"]()
    return own | beside


def faults() -> str:
    """Each fault of the catalogue, what then happens, and the tests that inject it."""
    sys.path.insert(0, str(PROJECT))
    from tests.faults.page import faults_page

    return faults_page(HEAD)


def source_page() -> str:
    """What a delivery must hold, and what becomes of each column."""
    parts = [
        HEAD + "# What comes in: the JDS source contract, version 1\n",
        "A delivery is a folder with `manifest.json` and, for each table, one CSV or Parquet file or several part files. Columns are matched by name. A missing "
        "required column or table refuses the delivery; an extra one warns and is dropped. CSV is UTF-8 without a byte-order mark, with a header row, RFC 4180 "
        "quoting, an empty field for null, dates as YYYY-MM-DD, timestamps as ISO 8601 with a zone, booleans as true and false. Parquet columns of any type are cast as "
        "CSV text would be: empty text and NaN are null.\n",
        "`manifest.json`:\n\n```json\n"
        '{"source": "jds", "schema_version": "1", "extract_id": "2026-11-01", "extracted_at": "2026-11-01T01:30:00Z",\n'
        ' "mode": "full", "since": null,\n'
        ' "tables": {"survivors": {"file": "survivors.csv", "rows": 50000, "sha256": "…"},\n'
        '            "aso_scores": {"file": ["aso_scores/1.csv", "aso_scores/2.csv"], "rows": [9, 8], "sha256": ["…", "…"]}}}\n```\n',
        "A `full` delivery holds everything: a key that was there before and is absent now was deleted. In an `incremental` one, absent means unchanged.\n",
        "Or a delivery is a PostgreSQL database, `postgresql://user@host/database?schema=jds`, with these tables in one schema: the first night reads everything, the nights after it what changed by `modified_at` "
        "and which keys are gone (docs/decisions/0007). Each table then needs a unique key.\n",
    ]
    for table in jds().tables.values():
        parts.append(f"## {table.name}\n\nKey: {', '.join(f'`{name}`' for name in table.primary_key)}.\n")
        rows = [
            f"| `{column.name}` | {_lands(column)} | {column.sensitivity.replace('_', ' ')} |"
            for column in table.columns
        ]
        parts.append("\n".join(["| column | lands as | sensitivity |", "| --- | --- | --- |", *rows]) + "\n")
    return "\n".join(parts)


def _lands(column: Column) -> str:
    if column.kind == "key":
        return f"keyed pseudonym of a {column.of.replace('_', ' ')}"
    if column.kind == "code":
        return "code: " + ", ".join(f"`{code}`" for code in jds().codes[column.of])
    return LANDS[column.kind] + (" (optional)" if column.optional else "")


def marts_page() -> str:
    """Every table and column of a release."""
    parts = [
        HEAD + "# What goes out: the tables of marts.duckdb\n",
        "Keys are pseudonyms; days count from intake, which is day 0. Marts are for authorised analysts; only `share/` may leave the organisation.\n",
    ]
    for schema in SCHEMAS:
        for model in _models(schema):
            parts.append(f"## {schema}.{model['name']}\n\n{' '.join(str(model['description']).split())}\n")
            rows = [
                f"| `{c['name']}` | {c['data_type']} | {' '.join(str(c['description']).split())} |"
                for c in model["columns"]
            ]
            parts.append("\n".join(["| column | type | meaning |", "| --- | --- | --- |", *rows]) + "\n")
    return "\n".join(parts)


def _models(schema: str) -> list[dict[str, Any]]:
    document = yaml.safe_load((MARTS / schema / f"_{schema}.yml").read_text(encoding="utf-8"))
    return list(document["models"])


def rules_page() -> str:
    """Every definition with its examples, and the example that holds each line of it."""
    sys.path.insert(0, str(PROJECT))
    from tests.spec.page import pages as rules

    changes = yaml.safe_load((PROJECT / "tests" / "spec" / "mutants.yml").read_text(encoding="utf-8"))
    parts = [
        HEAD + "# The rules, by example\n",
        "What the words of the marts mean. Each example is a test: its rows are built into marts by SQL and by a second reading in plain Python, and both must say what the table says. Tables that name a mart "
        "(`core.fct_episode`) say what comes out, all of it unless the last line is `…`; `goes to` says in which bucket a row ends; the other tables say what was recorded. As_of is 2026-11-01. A number in a "
        "column of dates is a day since the intake of that episode, which is 2024-01-01 unless a table says otherwise; without a table of episodes there is one, E1, open. An assessment without a table of scores "
        "has a 3 everywhere. A `?` names a record that is not there. Keys sort as the names do.\n",
    ]
    parts += [re.sub(r"^#", "##", page.text, flags=re.M) for page in rules()]
    rows = [f"| `{one['model']}` | {one['rule']} | {one['caught_by']} |" for one in changes]
    parts.append(
        f"## Which example holds which line\n\n{len(changes)} small changes of the SQL, made one at a time, and the example that fails for each "
        "(`tests/spec/test_mutants.py`; `make test-long` makes them all).\n"
    )
    parts.append("\n".join(["| model | rule | example |", "| --- | --- | --- |", *rows]) + "\n")
    return "\n".join(parts)


def checks_page() -> str:
    """Every check of the three doors."""
    parts = [
        HEAD + "# What is checked\n",
        "Each check counts the rows it looks at and the rows that fail; results are in `quality.check`. `block` stops the publication, `warn` does not; "
        "`hold` holds the run for a person to look. With two limits, both must be exceeded. Limits are in `expectations/thresholds.yml`, owners and guidance in "
        "`expectations/guidance.yml`. Owners: `source` runs JDS and its export, `office` owns the record, `data` runs this pipeline, `analysis` owns the estimates.\n",
    ]
    for door in DOORS:
        rows = [
            f"| `{check.check_id}` | {check.family}, {check.sub_family} | {'hold' if check.hold else check.severity} | {check.threshold} | {check.owner} "
            f"| {check.because} | {check.guidance} |"
            for check in registry(door)
        ]
        head = "| check | family | severity | limit | owner | because | how to remedy |"
        parts.append(f"## The {door} door\n")
        parts.append("\n".join([head, "| --- | --- | --- | --- | --- | --- | --- |", *rows]) + "\n")
    return "\n".join(parts)


def main() -> int:
    """Write the pages; with --check only say whether they are what would be written."""
    stale = [name for name, text in pages().items() if not _is_current(DOCS / name, text)]
    if "--check" in sys.argv:
        print("out of date: " + ", ".join(stale) if stale else "the reference pages are current")
        return 1 if stale else 0
    for name in stale:
        Path(DOCS / name).write_text(pages()[name], encoding="utf-8")
        print(f"wrote docs/{name}")
    return 0


def _is_current(path: Path, text: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    sys.exit(main())
