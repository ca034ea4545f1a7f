"""The 27 items of TRIPOD+AI (Collins GS et al. (2024), BMJ 385:e078378), each answered from what a training run knows.

The topics and answers are in tripod.txt, in words of our own. An item without an answer refuses the card, and with it the model.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

Facts = Mapping[str, Any]
TEXT = Path(__file__).with_name("tripod.txt")


class EmptyItemError(ValueError):
    """A card has an item without an answer; says which."""


class _Known(dict[str, Any]):
    """Facts of which an empty one counts as missing."""

    def __getitem__(self, name: str) -> Any:
        value = super().__getitem__(name)
        if str(value).strip() in ("", "None", "nan"):
            raise KeyError(name)
        return value


def items() -> list[tuple[int, str, str]]:
    """Number, topic and answer of each item, the facts in braces."""
    lines = TEXT.read_text(encoding="utf-8").splitlines()
    parts = [[part.strip() for part in line.split(" | ", 2)] for line in lines if not line.startswith("#")]
    return [(int(number), topic, answer) for number, topic, answer in parts]


def answers(facts: Facts) -> list[tuple[int, str, str]]:
    """Number, topic and answer of each of the 27 items; raises EmptyItemError where one is empty or a fact is missing."""
    out = []
    for number, topic, answer in items():
        try:
            told = answer.format_map(_Known(facts)).strip()
        except KeyError as error:
            raise EmptyItemError(f"item {number} ({topic}) of the model card lacks the fact {error.args[0]}") from None
        if not told:
            raise EmptyItemError(f"item {number} ({topic}) of the model card is empty")
        out.append((number, topic, told))
    return out
