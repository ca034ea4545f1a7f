"""Pictures of the report for the documentation: `python docs/report_pictures.py REPORT_FOLDER` needs chromium on the path.

A screen of the first page, the same on a telephone in the dark and as it prints on A4, and the sheet of one partner as it prints.
"""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
HERE = Path(__file__).parent


def take(
    browser: Browser, page: Path, name: str, *, width: int, height: int, scheme: str = "light", media: str = "screen"
) -> None:
    """One picture of the top of a page."""
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,  # type: ignore[arg-type]
        offline=True,
    )
    shown = context.new_page()
    shown.emulate_media(media=media)  # type: ignore[arg-type]
    shown.goto(page.resolve().as_uri())
    shown.screenshot(path=HERE / f"report-{name}.png")
    context.close()


def main(folder: str) -> None:
    """Take them all; a report without partners has no sheet."""
    report = Path(folder)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=QUIET)
        take(browser, report / "index.html", "first-page", width=1000, height=1500)
        take(browser, report / "index.html", "telephone", width=360, height=1500, scheme="dark")
        take(browser, report / "index.html", "paper", width=688, height=980, media="print")
        for sheet in sorted(report.glob("partner-*.html"))[:1]:
            take(browser, sheet, "partner-sheet", width=688, height=980, media="print")
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
