"""How long the report of a release takes, and how heavy its pages are: `python benchmarks/report.py RELEASE_FOLDER`.

Made anew from the release's `share/` into a folder that is thrown away, in seconds of the clock and of the processor.
"""

import argparse
import tempfile
import time
from pathlib import Path

from flows.publish.report import write_report


def main() -> None:
    """Print one line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("release", type=Path, help="a release folder, such as warehouse/current")
    share = parser.parse_args().release / "share"
    with tempfile.TemporaryDirectory() as folder:
        begun, cpu = time.monotonic(), time.process_time()
        write_report(share, Path(folder) / "report" / "index.html")
        seconds, cpu = time.monotonic() - begun, time.process_time() - cpu
        sizes = {page.name: page.stat().st_size for page in (Path(folder) / "report").iterdir()}
    heaviest = max(sizes, key=lambda name: sizes[name])
    print(
        f"{len(sizes)} pages in {seconds:.1f} s ({cpu:.1f} s of the processor); "
        f"the heaviest, {heaviest}, has {sizes[heaviest] / 1e6:.2f} MB"
    )


if __name__ == "__main__":
    main()
