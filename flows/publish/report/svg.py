"""Drawings made safe to stand in a page: known tags and attributes only, nothing that runs, loads or points elsewhere."""

from xml.etree import ElementTree

from markupsafe import Markup

SPACE = "{http://www.w3.org/2000/svg}"
TAGS = {"svg", "g", "path", "line", "rect", "text", "tspan", "circle", "title", "desc"}
ATTRIBUTES = {
    "d", "x", "y", "x1", "x2", "y1", "y2", "dx", "dy", "cx", "cy", "r", "width", "height", "viewBox", "transform",
    "fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray", "stroke-linecap",
    "stroke-linejoin", "stroke-miterlimit", "opacity", "text-anchor", "font-size", "font-weight", "class",
}  # fmt: skip
# Vega gives each mark a label. The drawing as a whole is one image, so labels go; those that say which values of share/
# are drawn stay as data, without this mark at their start.
MARK = "share|"
RENAMED = {"aria-label": "data-value"}


def safe(svg: str, *, name: str, title: str, description: str) -> Markup:
    """The drawing as one image with a title and a description. Raises ValueError when it holds anything unknown."""
    drawn = ElementTree.fromstring(svg)
    root = _copy(drawn)
    for size in ("width", "height"):
        root.attrib.pop(size, None)
    root.attrib |= {"class": "chart", "role": "img", "aria-labelledby": f"{name}-title {name}-desc"}
    for tag, text in (("desc", description), ("title", title)):
        told = ElementTree.Element(tag, {"id": f"{name}-{tag}"})
        told.text = text
        root.insert(0, told)
    return Markup(ElementTree.tostring(root, encoding="unicode"))  # built here from known parts, text escaped


def _copy(element: ElementTree.Element) -> ElementTree.Element:
    tag = element.tag.removeprefix(SPACE)
    if tag not in TAGS:
        raise ValueError(f"a drawing holds <{tag}>")
    kept = {RENAMED.get(name, name): value for name, value in element.attrib.items() if name in ATTRIBUTES | {*RENAMED}}
    if any("url(" in value or "javascript:" in value for value in kept.values()):
        raise ValueError("a drawing points elsewhere")
    copy = ElementTree.Element(tag, _only_values(kept))
    copy.text = element.text
    for child in element:
        if not _is_nothing(child):
            copy.append(_copy(child))
    return copy


def _only_values(kept: dict[str, str]) -> dict[str, str]:
    """Without the classes of Vega, which mean nothing here, and with the values of share/ where a mark has them."""
    kept.pop("class", None)
    value = kept.pop("data-value", "")
    return kept | {"data-value": value.removeprefix(MARK)} if value.startswith(MARK) else kept


def _is_nothing(element: ElementTree.Element) -> bool:
    """A shape of no size, which Vega draws behind each group, or definitions that nothing uses."""
    return element.attrib.get("d") == "M0,0h0v0h0Z" or element.tag == f"{SPACE}defs"
