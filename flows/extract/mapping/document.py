"""A mapping file as YAML nodes that know their line, and the problems found in it: all are told at once."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

from flows.errors import ContractError

STAGE = "source mapping"
MOST_TOLD = 12
NULL = "tag:yaml.org,2002:null"
Fields = dict[str, yaml.Node]


@dataclass(frozen=True)
class Problem:
    """What is wrong, and where: the file's line (0: in no line), the contract table, and the rule of the mapping."""

    line: int
    table: str
    where: str
    text: str

    def __str__(self) -> str:
        place = f"line {self.line}, {self.where}" if self.line else self.where
        return f"{place}: {self.text}"


@dataclass
class Problems:
    """The problems of one mapping, in the order they were found."""

    found: list[Problem] = field(default_factory=list)

    def add(self, line: int, where: str, text: str) -> None:
        """Note a problem; the contract table is the first word of `where`."""
        problem = Problem(line, where.split(".")[0], where, text)
        if problem not in self.found:
            self.found.append(problem)

    def refuse(self, mapping: str, *, next_step: str) -> None:
        """Raise ContractError with all problems; nothing where there is none."""
        if not self.found:
            return
        ordered = sorted(self.found, key=lambda problem: problem.line)
        told = [str(problem) for problem in ordered[:MOST_TOLD]]
        if len(ordered) > MOST_TOLD:
            told.append(f"and {len(ordered) - MOST_TOLD} more")
        raise ContractError(
            f"mapping {mapping}: {'; '.join(told)}",
            stage=STAGE,
            table=", ".join(sorted({problem.table for problem in ordered})),
            count=len(ordered),
            next_step=next_step,
        )


def compose(text: str, mapping: str) -> yaml.Node:
    """The root node of the file; ContractError with the line where it is no YAML."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark else ""
        raise ContractError(
            f"mapping {mapping}: {where}this is not YAML", stage=STAGE, next_step="correct the file, then run again"
        ) from None
    if root is None:
        raise ContractError(f"mapping {mapping}: the file is empty", stage=STAGE, next_step="see docs/mapping.md")
    return root


def line(node: yaml.Node) -> int:
    """The line of the file where a node begins, from 1."""
    return int(node.start_mark.line) + 1


def fields(node: yaml.Node, where: str, problems: Problems, known: frozenset[str] | None = None) -> Fields:
    """The entries of a YAML mapping by key; a key that stands twice, or is not among `known`, is a problem."""
    if not isinstance(node, yaml.MappingNode):
        problems.add(line(node), where, "here should be keys with values")
        return {}
    found: Fields = {}
    for key, value in node.value:
        name = str(key.value)
        if name in found:
            problems.add(line(key), where, f"the key {name} stands twice")
        elif known is not None and name not in known:
            problems.add(line(key), where, f"{name} is no key here; known are {', '.join(sorted(known))}")
        else:
            found[name] = value
    return found


def items(node: yaml.Node | None, where: str, problems: Problems) -> Iterator[yaml.Node]:
    """The entries of a YAML list; none where there is no node."""
    if isinstance(node, yaml.SequenceNode):
        yield from node.value
    elif node is not None:
        problems.add(line(node), where, "here should be a list")


def scalar(node: yaml.Node | None, where: str, problems: Problems) -> str | None:
    """The text of a plain value as it is written, so that `01` stays `01`; None for null and where there is no node."""
    if node is None or node.tag == NULL:
        return None
    if isinstance(node, yaml.ScalarNode):
        return str(node.value)
    problems.add(line(node), where, "here should be one plain value")
    return None
