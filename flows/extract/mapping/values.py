"""How single columns come about: a source column, an expression, a constant or a parameter, and the codes of a value."""

from dataclasses import dataclass
from typing import Any

import yaml

from flows.extract.contract import Column, Contract, Table
from flows.extract.mapping.document import Fields, Problems, fields, line, scalar
from flows.extract.mapping.expression import Expression, Language, column
from flows.extract.mapping.spec import Value

SPEC = frozenset({"from", "expr", "value", "parameter", "codes", "otherwise", "if_absent"})
SOURCES = ("from", "expr", "value", "parameter")
Codes = tuple[tuple[str, str | None], ...]


def code_lists(node: yaml.Node | None, problems: Problems) -> dict[str, Codes]:
    """The code lists of a mapping by name, which columns refer to."""
    found = fields(node, "codes", problems) if node else {}
    return {name: _codes(one, f"codes.{name}", problems) for name, one in found.items()}


def _codes(node: yaml.Node, where: str, problems: Problems) -> Codes:
    return tuple((source, scalar(code, where, problems)) for source, code in fields(node, where, problems).items())


@dataclass(frozen=True)
class Reader:
    """Reads the columns of a mapping, and holds what they may refer to; what is wrong goes to `problems`."""

    problems: Problems
    contract: Contract
    language: Language
    lists: dict[str, Codes]
    parameters: dict[str, str | None]

    def columns(self, table: Table, node: yaml.Node | None) -> dict[str, Value]:
        """The values of a `columns:` entry by contract column."""
        known = frozenset(one.name for one in table.columns)
        found = fields(node, table.name, self.problems, known) if node else {}
        return {name: self._value(table.name, table.column(name), spec) for name, spec in found.items()}

    def expression(self, text: str, node: yaml.Node, where: str) -> Expression | None:
        """The expression of a text; a problem where it is none that may stand in a mapping."""
        read = self.language.read(text)
        if isinstance(read, str):
            self.problems.add(line(node), where, read)
            return None
        return read

    def _value(self, table: str, target: Column, node: yaml.Node) -> Value:
        where = f"{table}.{target.name}"
        if isinstance(node, yaml.ScalarNode):
            name = scalar(node, where, self.problems)
            return Value(line(node), where, column(name) if name else None)
        told = fields(node, where, self.problems, SPEC)
        if len([name for name in SOURCES if name in told]) != 1:
            self.problems.add(line(node), where, f"one of {', '.join(SOURCES)} says where the value comes from")
        if "otherwise" in told and "codes" not in told:
            self.problems.add(line(node), where, "otherwise stands beside codes")
        value = Value(
            line(node), where, codes=self._listed(told, where), keeps_rest="otherwise" not in told,
            rest=scalar(told.get("otherwise"), where, self.problems),
            if_absent=self._value(table, target, told["if_absent"]) if "if_absent" in told else None, **self._origin(told, where),
        )  # fmt: skip
        self._refuse_unknown(target, value)
        return value

    def _origin(self, told: Fields, where: str) -> dict[str, Any]:
        if "from" in told:
            name = scalar(told["from"], where, self.problems)
            return {"expression": column(name or "")}
        if "expr" in told:
            text = scalar(told["expr"], where, self.problems) or ""
            return {"expression": self.expression(text, told["expr"], where)}
        if "parameter" in told:
            name = scalar(told["parameter"], where, self.problems) or ""
            if name not in self.parameters:
                self.problems.add(line(told["parameter"]), where, "the mapping declares no such parameter")
            return {"constant": self.parameters.get(name)}
        return {"constant": scalar(told.get("value"), where, self.problems)}

    def _listed(self, told: Fields, where: str) -> Codes | None:
        node = told.get("codes")
        if not isinstance(node, yaml.ScalarNode):
            return _codes(node, where, self.problems) if node else None
        name = scalar(node, where, self.problems) or ""
        if name not in self.lists:
            self.problems.add(line(node), where, "no code list of that name stands under codes")
        return self.lists.get(name)

    def _refuse_unknown(self, target: Column, value: Value) -> None:
        """A code that the contract does not know would land as unknown in every row."""
        if target.kind == "code":
            known = set(self.contract.codes[target.of])
            wrong = sorted(value.targets - known)
        elif target.kind == "bool":
            wrong = sorted(value.targets - {"true", "false"})
        elif target.kind == "closure":
            patterns = tuple(pattern for pattern, _ in self.contract.closure_patterns)
            wrong = sorted(text for text in value.targets if not self.language.matches(text, patterns))
        else:
            wrong = []
        if wrong:
            self.problems.add(value.line, value.where, f"the contract does not know {', '.join(wrong)}")
