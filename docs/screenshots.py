"""Pictures of the Prefect page for the documentation: run it while `make serve` is open and a night has finished.

Needs `pip install playwright` and a Chromium: `python docs/screenshots.py [http://127.0.0.1:4200] [/usr/bin/chromium]`.
"""

import json
import sys
import tempfile
import urllib.request
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
QUIET += ["--disable-component-update", "--disable-sync"]
SETTLED_MS = 3500


def newest(page_url: str, what: str, query: dict[str, object]) -> dict[str, str]:
    """The newest object of a kind that the API gives for a query."""
    request = urllib.request.Request(
        f"{page_url}/api/{what}/filter", json.dumps(query).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request) as answer:
        found: dict[str, str] = json.loads(answer.read())[0]
    return found


def take(page: Page, address: str, name: str, *, click: str | None = None, find: str | None = None) -> None:
    """Save one picture when the page has come to rest, on a tab and with a search where they are named."""
    page.set_viewport_size({"width": 1600, "height": 1600 if find else 1000})
    page.goto(address)
    page.wait_for_timeout(SETTLED_MS)
    if click:
        page.get_by_text(click, exact=True).first.click()
        page.wait_for_timeout(SETTLED_MS)
    if find:
        page.get_by_placeholder("Search by run name").fill(find)
        page.wait_for_timeout(SETTLED_MS)
    page.screenshot(path=Path(__file__).with_name(f"prefect-ui-{name}.png"))


def main(page_url: str = "http://127.0.0.1:4200", chromium: str = "/usr/bin/chromium") -> None:
    """Take the deployments, the newest finished night with its task runs and artifacts, and two artifacts."""
    done = {"flow_runs": {"state": {"type": {"any_": ["COMPLETED"]}}}, "flows": {"name": {"any_": ["nightly"]}}}
    run = newest(page_url, "flow_runs", {**done, "sort": "START_TIME_DESC", "limit": 1})["id"]
    with sync_playwright() as driver, tempfile.TemporaryDirectory() as profile:
        browser = driver.chromium.launch_persistent_context(
            profile,
            executable_path=chromium,
            args=QUIET,
            viewport={"width": 1600, "height": 1000},
            color_scheme="light",
        )
        page = browser.pages[0]
        take(page, f"{page_url}/deployments", "deployments")
        take(page, f"{page_url}/runs/flow-run/{run}", "run")
        take(page, f"{page_url}/runs/flow-run/{run}", "task-runs", click="Task Runs", find="int_")
        take(page, f"{page_url}/runs/flow-run/{run}", "artifacts", click="Artifacts")
        for key in ("dbt-nodes", "checks"):
            artifact = {"artifacts": {"key": {"any_": [key]}, "flow_run_id": {"any_": [run]}}, "limit": 1}
            take(page, f"{page_url}/artifacts/artifact/{newest(page_url, 'artifacts', artifact)['id']}", key)
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
