# ruff: noqa: E501  (sentences of the page)
"""Writes docs/lineage.md: from which columns of JDS each mart is made, read from the SQL and the contract."""

import re
from collections.abc import Iterable
from functools import cache

from flows.extract.contract import jds
from flows.settings import PROJECT

HEAD = "<!-- Written by docs/lineage.py: edit what it reads, then `make docs`. -->\n\n"
MODELS = PROJECT / "dbt_project" / "models"
MACROS = PROJECT / "dbt_project" / "macros"
STAGING = "stg_jds__"
REF = re.compile(r"ref\(\s*'(\w+)'\s*\)")
RENAMED = re.compile(r"renamed as \((.*?)\n\)", re.S)


def pages() -> dict[str, str]:
    """File name and text of the page."""
    return {"lineage.md": page()}


@cache
def sql() -> dict[str, str]:
    """The text of each model by its name, without comments."""
    return {
        path.stem: re.sub(r"(?m)--.*$", "", path.read_text(encoding="utf-8")) for path in sorted(MODELS.rglob("*.sql"))
    }


@cache
def macros() -> dict[str, str]:
    """The body of each macro by its name."""
    found: dict[str, str] = {}
    for path in sorted(MACROS.glob("*.sql")):
        text = path.read_text(encoding="utf-8")
        found |= dict(re.findall(r"{%-?\s*macro (\w+)(\(.*?{%-?\s*endmacro)", text, flags=re.S))
    return found


@cache
def parents(model: str) -> frozenset[str]:
    """The models that a model reads, also by way of a macro that it uses."""
    return frozenset(_refs(sql()[model], frozenset()) & sql().keys())


def _refs(text: str, seen: frozenset[str]) -> set[str]:
    """What a text refers to: by name, in a loop over names, by a macro that it calls."""
    found = set(REF.findall(text)) | _looped(text)
    for name in macros().keys() - seen:
        for given in re.findall(rf"\b{name}\((?:'(\w+)')?", text):
            body = macros()[name].replace("'stg_jds__' ~ table", f"'{STAGING}{given}'")
            found |= _refs(body, seen | {name})
    return found


def _looped(text: str) -> set[str]:
    """What a loop refers to: the tables or models that stand in its text, or else every table of the contract."""
    quoted, rows = set(re.findall(r"'(\w+)'", text)), dict(re.findall(r"'(\w+)': \['(\w+)'", macros()["source_rows"]))
    tables = rows.keys() if "source_rows().items()" in text else quoted & rows.keys() or rows.keys()
    found: set[str] = set()
    if "ref('stg_jds__' ~ table)" in text:
        found |= {STAGING + table for table in tables}
    if "ref(spec[0])" in text or "ref(source_rows()[table][0])" in text:
        found |= {rows[table] for table in tables}
    return found | (quoted & sql().keys() if "ref(model)" in text else set())


@cache
def behind(model: str) -> frozenset[str]:
    """Every model that a model is made from, itself included."""
    return frozenset({model}).union(*(behind(one) for one in parents(model)))


def sources(model: str) -> list[str]:
    """The tables of JDS behind a model."""
    return sorted(one.removeprefix(STAGING) for one in behind(model) if one.startswith(STAGING))


def mart_names() -> Iterable[tuple[str, str]]:
    """Schema and name of each mart."""
    return [(path.parent.name, path.stem) for path in sorted((MODELS / "marts").rglob("*.sql"))]


def staged(table: str, column: str) -> list[str]:
    """The columns of the staging model that a landed column goes into, exactly as its one select says."""
    (select,) = RENAMED.findall(sql()[STAGING + table])
    body = re.sub(r"^\s*select\s+|\s+from source\s*$", "", select)
    parts, depth = [""], 0
    for letter in body:
        depth += (letter in "({") - (letter in ")}")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    made = [part.strip() for part in parts if re.search(rf"\b{column}\b", part)]
    return [re.split(r"\s+as\s+|\.", part)[-1].strip() for part in made]


def page() -> str:
    """The page."""
    marts = [(schema, name) for schema, name in mart_names() if "declared_only" not in sql()[name]]
    filled = [f"`{schema}.{name}`" for schema, name in mart_names() if "declared_only" in sql()[name]]
    rows = [
        f"| `{schema}.{name}` | {_list(sorted(parents(name)))} | {', '.join(sources(name)) or 'none'} |"
        for schema, name in marts
    ]
    parts = [
        HEAD + "# From JDS to the marts\n",
        "Read from the SQL, so it is what runs. `make docs` also writes dbt's own page with the graph to click through: `build/dbt-docs/index.html`.\n",
        "## Each mart\n",
        "\n".join(["| mart | reads | tables of JDS behind it |", "| --- | --- | --- |", *rows]) + "\n",
        f"Estimates and results of checks are computed by Python from the marts above (docs/architecture.md): {', '.join(filled)}.\n",
        "## Each column of JDS\n",
        "What it is called when it has landed, and in the staging model of its table, where every model begins. A column that stops there lands and goes no further. What never lands is in "
        "[source.md](source.md); what each column of a mart means and where it comes from, in [marts.md](marts.md).\n",
    ]
    for table in jds().tables.values():
        rows = [
            f"| `{column.name}` | `{column.landed_as}` | {_list(staged(table.name, column.landed_as))} |"
            for column in table.columns
            if column.landed_as
        ]
        head = f"### {table.name}\n\nRead by {_list(one for one in sql() if STAGING + table.name in parents(one))}.\n\n"
        parts.append(head + "\n".join(["| column | lands as | staged as |", "| --- | --- | --- |", *rows]) + "\n")
    return "\n".join(parts)


def _list(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "none"
