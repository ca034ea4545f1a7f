"""Draws the figures in a process of its own, which may be killed or crash without harm to the release that is being made.

The process gets the rows of the figures as JSON and gives SVG; it opens no file of the home and no connection.
"""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

SECONDS = 120


def drawings(requests: Sequence[Mapping[str, Any]]) -> list[str | None]:
    """The SVG of each request, None where it could not be drawn: its table then stands open on the page."""
    if not requests:
        return []
    command = [sys.executable, "-I", "-c", "from flows.publish.report.draw import main; main()"]
    try:
        done = subprocess.run(
            command, input=json.dumps(requests), capture_output=True, text=True, timeout=SECONDS, check=True
        )
        drawn: list[str | None] = json.loads(done.stdout)
    except (subprocess.SubprocessError, OSError, ValueError):
        return [None] * len(requests)
    return drawn if len(drawn) == len(requests) else [None] * len(requests)


def main() -> None:
    """Read requests on standard input, write their drawings on standard output."""
    from flows.publish.report import charts

    sys.stdout.write(json.dumps([_drawn(charts.svg, request) for request in json.load(sys.stdin)]))


def _drawn(svg: Any, request: Mapping[str, Any]) -> str | None:
    try:
        return str(svg(request))
    except Exception as error:  # any of Altair's or Vega's: one figure less, and the page says so
        sys.stderr.write(f"{request.get('kind')}: {type(error).__name__}\n")
        return None
