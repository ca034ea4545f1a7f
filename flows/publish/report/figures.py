"""Figures: what is drawn, the text that describes it, and the table of the same rows behind it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from flows.publish.report.reading import Row
from flows.publish.report.svg import Canvas
from flows.publish.report.tables import Table
from flows.publish.report.words import Words

MOST_DESCRIBED = 12


@dataclass
class Figure:
    """A drawing with its table. `svg` stays None until it is drawn; where that fails the table stands open. `under` always does."""

    name: str
    kind: str
    title: Markup
    caption: Markup
    description: str
    rows: list[dict[str, Any]]
    words: dict[str, str]
    table: Table
    options: dict[str, Any] = field(default_factory=dict)
    svg: Markup | None = None
    under: Table | None = None

    @property
    def request(self) -> dict[str, Any]:
        """What a drawing is made from: data and words."""
        return {"kind": self.kind, "rows": self.rows, "words": self.words, "options": self.options}

    def show(self, drawn: Canvas | None) -> None:
        """Take the drawing, if there is one."""
        if drawn:
            self.svg = drawn.image(name=self.name, title=str(self.title), description=self.description)


def described(words: Words, parts: Sequence[str]) -> str:
    """What a drawing shows in words: its values, as many as can be listened to."""
    more = [str(words("figure.more", n=len(parts) - MOST_DESCRIBED))] if len(parts) > MOST_DESCRIBED else []
    return " ".join([*parts[:MOST_DESCRIBED], *more])


def values_of(*raw: str) -> str:
    """The values of share/ that a mark stands for, as the drawing carries them."""
    return "|".join(raw)


def interval_row(words: Words, row: Row, label: str, names: tuple[str, ...], unit: str = "") -> dict[str, Any] | None:
    """One line of an interval figure from (estimate, lower, upper) or (lower, upper); None where one of them is empty."""
    raw = [row[name] for name in names]
    if not all(raw):
        return None
    shown = [words(f"unit.{unit}", value=one) if unit else one for one in raw]
    told = words("figure.value", value=shown[0], low=shown[-2], high=shown[-1])
    if len(names) == 2:
        told = words("number.interval", low=shown[0], high=shown[1])
    estimate = float(raw[0]) if len(names) == 3 else None
    line = {"label": label, "value": str(told), "raw": values_of(label, *raw)}
    return {**line, "estimate": estimate, "lower": float(raw[-2]), "upper": float(raw[-1])}


def interval_figure(
    words: Words, name: str, lines: Sequence[dict[str, Any] | None], table: Table, *, key: str, **options: Any
) -> Figure | None:
    """A figure of estimates with their intervals, one line each; None where there is none to draw."""
    rows = [line for line in lines if line]
    if not rows:
        return None
    return Figure(
        name=name,
        kind="intervals",
        title=words(f"{key}.title"),
        caption=words(f"{key}.caption"),
        description=described(
            words, [str(words("figure.line", label=row["label"], value=row["value"])) for row in rows]
        ),
        rows=rows,
        words={"x": str(words(f"{key}.axis"))},
        table=table,
        options=options,
    )
