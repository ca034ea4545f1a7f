"""The report in Debian's Chromium, driven by Playwright: `make test-browser`."""

from __future__ import annotations

import os
import resource
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from flows.publish.report import write_report
from tests.conftest import WholeNight
from tests.shares import full_share

QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass(frozen=True)
class Report:
    """The pages of a report, the share/ folder they were made from, and the CPU seconds that took, drawing included."""

    folder: Path
    share: Path
    seconds: float = 0.0
    every_page: bool = False

    def pages(self) -> list[str]:
        """One page of each kind, or every page where that was asked for."""
        names = sorted(path.name for path in self.folder.glob("*.html"))
        if self.every_page:
            return names
        kinds: dict[str, str] = {}
        for name in names:
            kinds.setdefault(name.split("-")[0], name)
        return list(kinds.values())


@dataclass
class Watched:
    """A page of the browser, and what went wrong in it."""

    page: Page
    folder: Path
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def open(self, name: str) -> Page:
        """Go to a file of the report."""
        self.page.goto((self.folder / name).as_uri())
        return self.page


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests."""
    path = shutil.which("chromium")
    if path is None:
        pytest.fail("chromium is not on the path; make test-browser says what to install")
    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=path, args=QUIET)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def full(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """The report of twenty offices and sixty partners, with every table and every state."""
    folder = tmp_path_factory.mktemp("full")
    share = full_share(folder / "share")
    begun = _cpu_seconds()
    write_report(share, folder / "report" / "index.html")
    return Report(folder / "report", share, _cpu_seconds() - begun)


def _cpu_seconds() -> float:
    """CPU seconds of this process and of those it has waited for: what a quiet machine needs, however busy this one is."""
    mine, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return mine.ru_utime + mine.ru_stime + children.ru_utime + children.ru_stime


@pytest.fixture(scope="session")
def night(request: pytest.FixtureRequest) -> Report:
    """The report of a released night; with RELEASE=folder (`make test-browser RELEASE=…`) that of this release, every page."""
    if "RELEASE" in os.environ:
        given = Path(os.environ["RELEASE"])
        return Report(given / "report", given / "share", every_page=True)
    night: WholeNight = request.getfixturevalue("clean_night")
    return Report(night.home / "current" / "report", night.home / "current" / "share")


@pytest.fixture(params=["full", "night"])
def report(request: pytest.FixtureRequest) -> Report:
    """Each of the reports."""
    found: Report = request.getfixturevalue(request.param)
    return found


def watched(browser: Browser, folder: Path, *, width: int = 1000, scheme: str = "light") -> Watched:
    """A page without a network that hears of every request, error and message."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True)  # type: ignore[arg-type]
    found = Watched(context.new_page(), folder)
    found.page.on("console", lambda message: found.complaints.append(message.text))
    found.page.on("pageerror", lambda error: found.complaints.append(str(error)))
    found.page.on("requestfailed", lambda request: found.complaints.append(request.url))
    found.page.on("request", lambda request: found.requests.append(request.url))
    return found
