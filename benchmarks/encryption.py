"""What encryption at rest costs: the same night over the same delivery in clear and encrypted, in CPU seconds and bytes.

Run as `python -m benchmarks.encryption --survivors 5000`. Both nights run one after the other in processes of their own; the CPU time is
theirs and their children's. Exits 1 where the two releases do not have the same content hashes.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import secrets
import subprocess
import sys
import tempfile
from pathlib import Path

from flows.extract.simulate import Parameters, write_delivery
from flows.publish.files import remove_tree


def night(folder: Path, setting: str) -> tuple[float, int, dict[str, object]]:
    """CPU seconds of a night with the setting, the bytes of its home, and the tables of its manifest."""
    home = folder / setting
    given = {"AFTERCARE_ENCRYPTION": setting, "AFTERCARE_KEY_FILE": str(folder / "key"), "AFTERCARE_HOME": str(home)}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [
        sys.executable,
        "-c",
        "from flows.cli import main; main()",
        "nightly",
        "--source",
        str(folder / "delivery"),
    ]
    subprocess.run(command, env={**os.environ, **given}, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    size = sum(path.stat().st_size for path in home.rglob("*") if path.is_file() and not path.is_symlink())
    manifest = json.loads((home / "current" / "manifest.json").read_text(encoding="utf-8"))
    remove_tree(home)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, size, manifest["tables"]


def main(survivors: int, times: int) -> int:
    """Print CPU seconds, the ratio and bytes; 0 where the tables are the same."""
    with tempfile.TemporaryDirectory() as base:
        folder = Path(base)
        write_delivery(folder / "delivery", Parameters(survivors=survivors))
        (folder / "key").write_text(secrets.token_hex(32), encoding="ascii")
        (folder / "key").chmod(0o600)
        same = True
        for _ in range(times):
            clear, plain_bytes, plain = night(folder, "off")
            sealed, sealed_bytes, hidden = night(folder, "on")
            same = same and plain == hidden
            print(
                f"{survivors:,} survivors: in clear {clear:.1f} s, encrypted {sealed:.1f} s, ratio {sealed / clear:.3f}"
            )
            print(f"home {plain_bytes / 1e6:.0f} MB in clear, {sealed_bytes / 1e6:.0f} MB encrypted (without parquet/)")
        print("content hashes of all tables are the same" if same else "CONTENT HASHES DIFFER")
        return 0 if same else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--survivors", type=int, default=5000)
    parser.add_argument("--times", type=int, default=1)
    asked = parser.parse_args()
    sys.exit(main(asked.survivors, asked.times))
