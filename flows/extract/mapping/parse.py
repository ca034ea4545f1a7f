"""A mapping file read whole and strictly: an unknown key, table, column or code refuses it, with its line."""

import yaml

from flows.extract.contract import Contract, Table
from flows.extract.mapping import values
from flows.extract.mapping.document import Fields, Problems, compose, fields, items, line, scalar
from flows.extract.mapping.expression import Expression, Language
from flows.extract.mapping.spec import DELIVERY, MAY_BE_EMPTY, NEEDED, Block, Join, Mapped, Mapping, Parameter
from flows.extract.mapping.values import Reader

VERSION = "1"
TOP = frozenset({"version", "name", "description", "instrument", "delivery", "dates", "parameters", "codes", "tables"})
BLOCK = frozenset({"from", "join", "where", "columns", "unpivot"})
WHOLE = BLOCK | {"empty", "union", "one_row_per_key"}
JOIN = frozenset({"table", "as", "on", "where", "newest"})
CORRECT = "correct the mapping file (docs/mapping.md), then run again"


def parse(text: str, contract: Contract, *, origin: str, parameters: dict[str, str] | None = None) -> Mapping:
    """The mapping of a file's text; `origin` names it in messages. ContractError with every problem and its line."""
    problems, given = Problems(), dict(parameters or {})
    root = compose(text, origin)
    top = fields(root, "mapping", problems, TOP)
    if scalar(top.get("version"), "version", problems) != VERSION:
        problems.add(line(top.get("version", root)), "version", f"the version of the language is {VERSION}")
    reader = Reader(
        problems, contract, Language(), values.code_lists(top.get("codes"), problems),
        _parameters(top.get("parameters"), given, problems),
    )  # fmt: skip
    mapping = Mapping(
        name=scalar(top.get("name"), "name", problems) or origin,
        description=scalar(top.get("description"), "description", problems) or "",
        instrument=scalar(top.get("instrument"), "instrument", problems),
        forms=_forms(top.get("dates"), problems),
        delivery=_block(reader, DELIVERY, top["delivery"], BLOCK) if "delivery" in top else None,
        tables=_tables(reader, top.get("tables", root) if "tables" in top else None, root),
        text=text,
        parameters=given,
    )
    problems.refuse(origin, next_step=CORRECT)
    return mapping


def _forms(node: yaml.Node | None, problems: Problems) -> tuple[str, ...]:
    found = []
    for one in items(node, "dates", problems):
        form = scalar(one, "dates", problems) or ""
        if not {"%Y", "%y"} & {form[at : at + 2] for at in range(len(form))}:
            problems.add(line(one), "dates", "a form needs %Y or %y, as in %m/%d/%Y")
        found.append(form)
    return tuple(found)


def _parameters(node: yaml.Node | None, given: dict[str, str], problems: Problems) -> dict[str, str | None]:
    declared: dict[str, Parameter] = {}
    for name, spec in (fields(node, "parameters", problems) if node else {}).items():
        where = f"parameters.{name}"
        told = fields(spec, where, problems, frozenset({"description", "allowed"}))
        allowed = [scalar(one, where, problems) or "" for one in items(told.get("allowed"), where, problems)]
        description = " ".join((scalar(told.get("description"), where, problems) or "").split())
        declared[name] = Parameter(line(spec), description, tuple(allowed))
    for name, one in declared.items():
        if name not in given:
            problems.add(
                one.line, f"parameters.{name}", f"this has to be decided: --parameter {name}=... ({one.description})"
            )
        elif one.allowed and given[name] not in one.allowed:
            problems.add(one.line, f"parameters.{name}", f"the value given is not one of {', '.join(one.allowed)}")
    for name in sorted(set(given) - set(declared)):
        problems.add(0, f"parameters.{name}", "the mapping knows no such parameter")
    return {name: given.get(name) for name in declared}


def _tables(reader: Reader, node: yaml.Node | None, root: yaml.Node) -> dict[str, Mapped]:
    found = fields(node, "tables", reader.problems) if node else {}
    for name in found.keys() - reader.contract.tables.keys():
        reader.problems.add(line(found[name]), name, "the contract has no such table")
    for name in reader.contract.tables.keys() - found.keys():
        reader.problems.add(
            line(node or root), name, "the mapping says nothing of this table; where the source has none: empty: true"
        )
    return {name: _table(reader, table, found[name]) for name, table in reader.contract.tables.items() if name in found}


def _table(reader: Reader, table: Table, node: yaml.Node) -> Mapped:
    problems, told = reader.problems, fields(node, table.name, reader.problems, WHOLE)
    if "empty" in told:
        if scalar(told["empty"], table.name, problems) != "true" or len(told) > 1:
            problems.add(line(node), table.name, "empty: true stands alone")
        if table.name not in MAY_BE_EMPTY:
            problems.add(line(node), table.name, "this table may not be empty")
        return Mapped(line(node), ())
    one = scalar(told.pop("one_row_per_key", None), table.name, problems)
    if one not in {None, "true", "false"}:
        problems.add(line(node), table.name, "one_row_per_key is true or false")
    if "union" in told:
        if len(told) > 1:
            problems.add(line(node), table.name, "beside union stands one_row_per_key alone")
        blocks = [_block(reader, table, each, BLOCK) for each in items(told["union"], table.name, problems)]
    else:
        blocks = [_block(reader, table, node, WHOLE)]
    return Mapped(line(node), tuple(blocks), one == "true")


def _block(reader: Reader, table: Table, node: yaml.Node, known: frozenset[str]) -> Block:
    problems, told = reader.problems, fields(node, table.name, reader.problems, known)
    source = scalar(told.get("from"), table.name, problems)
    if not source:
        problems.add(line(node), table.name, "from: names the source table")
    columns = reader.columns(table, told.get("columns"))
    unpivot = tuple(reader.columns(table, each) for each in items(told.get("unpivot"), table.name, problems))
    _refuse_missing(problems, table, node, [{*columns, *each} for each in unpivot] or [set(columns)])
    return Block(
        line=line(told.get("from", node)),
        where_line=line(told.get("where", node)),
        table=source or "",
        joins=tuple(_join(reader, table, each) for each in items(told.get("join"), table.name, problems)),
        where=_condition(reader, table, told),
        columns=columns,
        unpivot=unpivot,
    )


def _refuse_missing(problems: Problems, table: Table, node: yaml.Node, given: list[set[str]]) -> None:
    needed = set(table.primary_key) | NEEDED.get(table.name, frozenset())
    needed |= {"modified_at"} & {column.name for column in table.columns}
    for name in sorted({name for columns in given for name in needed - columns}):
        problems.add(line(node), f"{table.name}.{name}", "this column must be mapped")


def _condition(reader: Reader, table: Table, told: Fields) -> Expression | None:
    text = scalar(told.get("where"), table.name, reader.problems)
    return reader.expression(text, told["where"], f"{table.name}.where") if text else None


def _join(reader: Reader, table: Table, node: yaml.Node) -> Join:
    problems, told = reader.problems, fields(node, table.name, reader.problems, JOIN)
    source = scalar(told.get("table"), table.name, problems)
    on = []
    for name, value in (fields(told["on"], table.name, problems) if "on" in told else {}).items():
        left = reader.expression(scalar(value, table.name, problems) or "", value, f"{table.name}.join")
        on += [(left, name)] if left else []
    if not source or not on:
        problems.add(line(node), f"{table.name}.join", "a join needs table: and on: {its column: expression}")
    return Join(
        line=line(node),
        table=source or "",
        alias=scalar(told.get("as"), table.name, problems) or source or "",
        on=tuple(on),
        where=_condition(reader, table, told),
        newest=scalar(told.get("newest"), table.name, problems),
    )
