"""Writes every page of the report from a `share/` folder: no script, no remote part, one style that the policy names by hash."""

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from flows.publish import files
from flows.publish.report import draw
from flows.publish.report.age import age_of
from flows.publish.report.blocks import Page
from flows.publish.report.domains import domain_pages
from flows.publish.report.home import home_page
from flows.publish.report.methods import history_page, methods_page
from flows.publish.report.places import office_pages, partner_pages
from flows.publish.report.reading import Share, read_share
from flows.publish.report.svg import Canvas
from flows.publish.report.words import Words, words

TEMPLATES = Path(__file__).parent / "templates"

Draw = Callable[[Sequence[Mapping[str, Any]]], Sequence[Canvas | None]]


def write_report(share: Path, target: Path) -> None:
    """Writes the first page at `target` and every other page beside it. The folder must not be there yet."""
    target.parent.mkdir()
    pages = render(share)
    for name, html in pages.items():
        if name != "index.html":
            (target.parent / name).write_text(html, encoding="utf-8")  # made durable with the release as a whole
    files.write_text(target, pages["index.html"])


def render(share: Path, *, texts: Words | None = None, drawings: Draw | None = None) -> dict[str, str]:
    """Every page as text, by file name. Every table may be empty or absent: the page then says so."""
    found, told = read_share(share), texts or words()
    pages = all_pages(told, found)
    figures = [figure for page in pages for figure in page.figures()]
    drawn = (drawings or draw.drawings)([figure.request for figure in figures])
    for figure, canvas in zip(figures, drawn, strict=True):
        figure.show(canvas)
    common = _common(told, found)
    template = _environment().get_template("page.html.j2")
    return {page.file: template.render(page=page, **common) for page in pages}


def all_pages(told: Words, share: Share) -> list[Page]:
    """Every page of the report, the first one first."""
    others = [*office_pages(told, share), *partner_pages(told, share), *domain_pages(told, share)]
    others += [methods_page(told, share), history_page(told, share)]
    return [home_page(told, share, others), *others]


def _common(told: Words, share: Share) -> dict[str, Any]:
    style = (TEMPLATES / "report.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return {
        "style": Markup(style),  # our own file, hashed for the policy
        "policy": f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'",
        "facts": share.facts,
        "age": age_of(share.facts),
        "t": told,
    }


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
