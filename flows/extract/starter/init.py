"""`aftercare init`: a folder with a workbook to fill in, a mapping to change, what to read first, and what git must not keep."""

from pathlib import Path

from flows.errors import DeliveryError, HomeError
from flows.extract.contract import Column, Contract, Table
from flows.extract.starter.words import WORKBOOK, Words, words
from flows.extract.starter.workbook import template

STAGE = "partner start"
HERE = Path(__file__).parent


def start(folder: Path, contract: Contract) -> list[Path]:
    """The files written into the folder, which is made where it is not there.

    Raises DeliveryError where one of them is there already: nothing is overwritten; HomeError where the folder cannot be written.
    """
    made: dict[str, bytes] = {
        "README.md": (HERE / "README.partner.md").read_bytes(),
        ".gitignore": b"# Everything here may be about people: nothing of it belongs into a repository.\n*\n",
        "mapping.yml": mapping(contract, words()).encode(),
        WORKBOOK: template(contract, words()),
    }
    there = [name for name in made if (folder / name).exists()]
    if there:
        raise DeliveryError(
            f"the folder already holds {', '.join(there)}",
            stage=STAGE,
            count=len(there),
            next_step="name another folder; nothing was written",
        )
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name, content in made.items():
            (folder / name).write_bytes(content)
    except OSError:
        raise HomeError(
            "the folder cannot be written", stage=STAGE, next_step="name a folder that this user may write"
        ) from None
    return [folder / name for name in made]


def mapping(contract: Contract, meaning: Words) -> str:
    """A mapping in which each of your columns is called as ours: the text of `mapping.yml`, to be changed line by line."""
    lines = [
        "# How your own tables and columns become those of the pipeline. You need this file only if you deliver tables of your own system;",
        "# who fills in the workbook does not. Change what stands right of each colon to what it is called with you, and delete the lines",
        "# of columns that you do not have (not those marked needed).",
        "version: 1",
        "name: my-system",
        "description: our own case system",
        '# How dates are written besides YYYY-MM-DD, such as "%d/%m/%Y".',
        "dates: []",
        "tables:",
    ]
    for table in contract.tables.values():
        lines += ["", f"  # {meaning.about[table.name]}", f"  {table.name}:", f"    from: {table.name}", "    columns:"]
        lines += [line for column in table.columns for line in _column(contract, table, column, meaning)]
    return "\n".join(lines) + "\n"


def _column(contract: Contract, table: Table, column: Column, meaning: Words) -> list[str]:
    if column.kind == "drop":
        return [f"      # {column.name}: never lands; leave it out"]
    lines = [f"      # {meaning.of(table, column)}"]
    if column.kind != "code":
        return [*lines, f"      {column.name}: {column.name}"]
    lines.append(f"      {column.name}:")
    lines.append(f"        from: {column.name}")
    lines.append("        codes:  # left what you write, right our code")
    return [*lines, *(f"          {code}: {code}" for code in contract.codes[column.of])]
