"""A drawing that becomes one image of a page: lines, paths, boxes, points and text in the colours of the page.

All of it is built here and escaped by ElementTree, so a drawing holds nothing that runs, loads or points elsewhere.
"""

from collections.abc import Iterable, Mapping
from xml.etree.ElementTree import Element, SubElement, tostring

from markupsafe import Markup

Point = tuple[float, float]


class Canvas:
    """An SVG of so many pixels, in which 0, 0 is at the top left.

    A look is given by presentation attributes (`stroke_width=2`). `value` names the values of share/ that a mark stands
    for, which it then carries as `data-value`.
    """

    def __init__(self, width: float, height: float) -> None:
        self.root = Element("svg", {"viewBox": f"0 0 {number(width)} {number(height)}", "class": "chart"})

    def line(self, start: Point, end: Point, *, value: str = "", **look: object) -> None:
        """A straight line."""
        places = {"x1": start[0], "y1": start[1], "x2": end[0], "y2": end[1]}
        self._add("line", places, value, look)

    def path(self, steps: str, *, value: str = "", **look: object) -> None:
        """A path that is not filled unless the look says so."""
        self._add("path", {"d": steps}, value, {"fill": "none", **look})

    def box(self, corner: Point, opposite: Point, *, value: str = "", **look: object) -> None:
        """An upright rectangle between two corners."""
        (x1, x2), (y1, y2) = sorted((corner[0], opposite[0])), sorted((corner[1], opposite[1]))
        self._add("rect", {"x": x1, "y": y1, "width": x2 - x1, "height": y2 - y1}, value, look)

    def point(self, at: Point, radius: float, *, value: str = "", **look: object) -> None:
        """A round point."""
        self._add("circle", {"cx": at[0], "cy": at[1], "r": radius}, value, look)

    def text(self, at: Point, said: str, **look: object) -> None:
        """A line of text, its baseline at a point."""
        self._add("text", {"x": at[0], "y": at[1]}, "", look).text = said

    def image(self, *, name: str, title: str, description: str) -> Markup:
        """The drawing as one image with a title and a description; the name makes their ids."""
        self.root.attrib |= {"role": "img", "aria-labelledby": f"{name}-title {name}-desc"}
        for tag, said in (("desc", description), ("title", title)):
            told = Element(tag, {"id": f"{name}-{tag}"})
            told.text = said
            self.root.insert(0, told)
        return Markup(tostring(self.root, encoding="unicode"))  # built here from known parts, text escaped

    def _add(self, tag: str, places: Mapping[str, object], value: str, look: Mapping[str, object]) -> Element:
        given = {**places, **{key.replace("_", "-"): one for key, one in look.items()}}
        told = {key: number(one) if isinstance(one, float | int) else str(one) for key, one in given.items()}
        return SubElement(self.root, tag, told | ({"data-value": value} if value else {}))


def number(value: float) -> str:
    """A place to a hundredth of a pixel."""
    return f"{round(value, 2) + 0.0:.2f}".rstrip("0").rstrip(".")


def through(points: Iterable[Point]) -> str:
    """A path of straight lines through points."""
    return "M" + "L".join(f"{number(x)} {number(y)}" for x, y in points)


def stairs(points: Iterable[Point]) -> str:
    """A path that keeps its height until the next point, and changes it there."""
    (x, y), *rest = points
    return f"M{number(x)} {number(y)}" + "".join(f"H{number(x)}V{number(y)}" for x, y in rest)


def between(upper: Iterable[Point], lower: Iterable[Point], *, stepped: bool) -> str:
    """A closed path round the band between two lines over the same places."""
    above, below = list(upper), list(lower)
    if not stepped:
        return f"{through(above)}L{through(reversed(below))[1:]}Z"
    (_, y), *rest = reversed(below)
    return f"{stairs(above)}V{number(y)}" + "".join(f"V{number(y)}H{number(x)}" for x, y in rest) + "Z"
