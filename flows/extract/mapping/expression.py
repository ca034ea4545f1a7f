"""Simple SQL expressions of a mapping: read by DuckDB's own parser, held to a list of what may stand in them, and written out anew.

What runs is what was checked: the text of the file is never put into a query, only the tree that was read from it.
"""

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import duckdb

from flows.warehouse import connect

Tree = dict[str, Any]
Resolve = Callable[[tuple[str, ...]], tuple[str, str] | None]

CLASSES = frozenset(
    {"COLUMN_REF", "CONSTANT", "FUNCTION", "OPERATOR", "COMPARISON", "CONJUNCTION", "CASE", "BETWEEN", "CAST"}
)
OPERATORS = frozenset(
    {"OPERATOR_COALESCE", "OPERATOR_IS_NULL", "OPERATOR_IS_NOT_NULL", "OPERATOR_NOT", "OPERATOR_NULLIF", "COMPARE_IN", "COMPARE_NOT_IN"}
)  # fmt: skip
# Pure functions of the values of one row. `as_date` and `as_timestamp` read a text by the mapping's date forms.
FUNCTIONS = frozenset(
    {"+", "-", "*", "/", "//", "%", "||", "~~", "!~~", "~~*", "!~~*", "concat", "concat_ws", "nullif", "lower", "upper", "trim", "ltrim",
     "rtrim", "left", "right", "substring", "substr", "replace", "length", "lpad", "rpad", "split_part", "contains", "starts_with",
     "ends_with", "strip_accents", "regexp_matches", "regexp_full_match", "regexp_extract", "regexp_replace", "greatest", "least",
     "abs", "round", "floor", "ceil", "year", "month", "day", "date_diff", "strftime", "as_date", "as_timestamp"}
)  # fmt: skip
TYPES = frozenset({"VARCHAR", "INTEGER", "BIGINT", "DOUBLE", "BOOLEAN", "DATE", "TIMESTAMP"})
ISO_FORMS = (
    "%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S.%f", "%Y-%m-%dT%H:%M:%SZ",
    "%Y-%m-%dT%H:%M:%S.%fZ",
)  # fmt: skip


@dataclass(frozen=True)
class Expression:
    """A parsed expression; `tree` is DuckDB's own."""

    tree: Tree

    @property
    def columns(self) -> Iterator[tuple[str, ...]]:
        """The source columns it names, as written: (column) or (table, column)."""
        for node in _nodes(self.tree):
            if node.get("class") == "COLUMN_REF":
                yield tuple(node["column_names"])


def column(name: str) -> Expression:
    """The expression that is one source column, its name taken as it stands."""
    return Expression(
        {"class": "COLUMN_REF", "type": "COLUMN_REF", "alias": "", "query_location": 0, "column_names": [name]}
    )


class Language:
    """Reads and writes expressions with DuckDB's parser."""

    def __init__(self) -> None:
        self._connection = connect()

    def read(self, text: str) -> Expression | str:
        """The expression of a text, or what is wrong with it."""
        tree = self._tree(text)
        if isinstance(tree, str):
            return tree
        wrong = next((fault for node in _nodes(tree) if (fault := _fault(node))), None)
        return wrong or Expression(tree)

    def write(self, expression: Expression, resolve: Resolve, forms: tuple[str, ...]) -> str:
        """The SQL of an expression whose columns all resolve, each named with its table."""
        tree = deepcopy(expression.tree)
        for node in list(_nodes(tree)):
            if node.get("class") == "COLUMN_REF":
                node["column_names"] = list(resolve(tuple(node["column_names"])) or ())
        self._put_dates(tree, forms)
        document = {"error": False, "statements": [_statement(tree)]}
        text = self._connection.execute("select json_deserialize_sql(?::json)", [json.dumps(document)]).fetchall()[0][0]
        return str(text).removeprefix("SELECT ")

    def matches(self, text: str, patterns: tuple[str, ...]) -> bool:
        """Whether a text, in lower case, is found by one of the patterns."""
        return any(
            self._connection.execute("select regexp_matches(lower(?), ?)", [text, pattern]).fetchall()[0][0]
            for pattern in patterns
        )

    def _tree(self, text: str) -> Tree | str:
        wanted = "not one expression"
        document = self._connection.execute("select json_serialize_sql(?)", [f"select {text}"]).fetchall()[0][0]
        answer = json.loads(document)
        if answer["error"] or len(answer["statements"]) != 1:
            return wanted
        node = answer["statements"][0]["node"]
        if node["type"] != "SELECT_NODE" or len(node["select_list"]) != 1 or not _is_bare(answer["statements"][0]):
            return wanted
        tree: Tree = node["select_list"][0]
        return wanted if tree["alias"] else tree

    def _put_dates(self, tree: Tree, forms: tuple[str, ...]) -> None:
        for node in reversed(list(_nodes(tree))):  # the inner ones first
            if node.get("function_name") in {"as_date", "as_timestamp"}:
                made = self._tree(read_date("argument", forms, as_date=node["function_name"] == "as_date"))
                assert isinstance(made, dict)
                argument = node["children"][0]
                place = next(one for one in _nodes(made) if one.get("column_names") == ["argument"])
                place.clear()
                place.update(argument)
                node.clear()
                node.update(made)


def read_date(text: str, forms: tuple[str, ...], *, as_date: bool) -> str:
    """The SQL that reads a text as a timestamp, or its day, by the first form that fits; null where none does."""
    listed = ", ".join("'" + form.replace("'", "''") + "'" for form in forms)
    read = f"try_strptime({text}, [{listed}])"
    return f"try_cast({read} as date)" if as_date else read


def _statement(tree: Tree) -> Tree:
    empty: Tree = {"type": "EMPTY", "alias": "", "sample": None, "query_location": 0}
    node: Tree = {
        "type": "SELECT_NODE",
        "modifiers": [],
        "cte_map": {"map": []},
        "select_list": [tree],
        "from_table": empty,
    }
    node |= {"where_clause": None, "group_expressions": [], "group_sets": [], "aggregate_handling": "STANDARD_HANDLING"}
    node |= {"having": None, "sample": None, "qualify": None}
    return {"node": node, "named_param_map": []}


def _is_bare(statement: Tree) -> bool:
    """Whether a statement is nothing but what is selected: no table, filter, grouping or order."""
    node = statement["node"]
    bare = _statement({})["node"]
    return node["from_table"]["type"] == "EMPTY" and all(
        node.get(part) == value for part, value in bare.items() if part not in {"select_list", "from_table", "type"}
    )


def _nodes(tree: Any) -> Iterator[Tree]:
    """Every node of the tree, from the top."""
    if isinstance(tree, dict):
        yield tree
        for value in tree.values():
            yield from _nodes(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _nodes(value)


def _fault(node: Tree) -> str | None:
    """What is not allowed of one node; None where it is."""
    kind = node.get("class")
    if kind is None:
        return None
    if kind not in CLASSES:
        return f"{str(kind).lower().replace('_', ' ')} may not stand in an expression"
    if kind == "COLUMN_REF" and len(node["column_names"]) > 2:
        return "a column is named as Column or Table.Column"
    if kind == "OPERATOR" and node["type"] not in OPERATORS:
        return f"{node['type'].lower().replace('_', ' ')} may not stand in an expression"
    if kind == "FUNCTION":
        return _function_fault(node)
    if kind == "CAST" and not node["try_cast"] and node["child"]["class"] != "CONSTANT":
        return "a cast is written try_cast(... as ...), so that no value can end the night"
    if kind == "CAST" and (node["cast_type"]["id"] not in TYPES or node["cast_type"].get("type_info")):
        return f"a cast is to one of {', '.join(sorted(TYPES))}"
    return None


def _function_fault(node: Tree) -> str | None:
    name = str(node["function_name"]).lower()
    if name not in FUNCTIONS or node["schema"] not in {"", "main"} or node.get("catalog"):
        return f"the function {name} may not stand in an expression; docs/mapping.md lists those that may"
    if node.get("filter") or node.get("distinct") or node["order_bys"]["orders"]:
        return f"the function {name} takes no filter and no order"
    if name.startswith("as_") and len(node["children"]) != 1:
        return f"the function {name} takes one value"
    return None


def describe_error(error: duckdb.Error) -> str:
    """Why DuckDB could not bind an expression, as a word of our own: its text could quote a constant."""
    return "its types do not fit" if isinstance(error, duckdb.BinderException) else "it cannot be run"
