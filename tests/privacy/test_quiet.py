"""P9: a night needs no network, and nothing it is made of calls home. P7: what is spilled cannot be read."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from flows.extract.simulate import Parameters, write_delivery
from flows.publish.files import remove_tree
from flows.settings import PROJECT, child_environment
from flows.warehouse import connect
from tests.conftest import WholeNight
from tests.nights import SECRET
from tests.privacy.scan import files

CANARY = "Qxcafe01"
# Brings loopback up in the new namespace, shows that no other address can be reached, then runs what is asked.
ALONE = """
import errno, fcntl, os, socket, struct, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    up = struct.pack("16sh14x", b"lo", 0x1 | 0x40)
    fcntl.ioctl(s, 0x8914, up)
    try:
        s.connect(("192.0.2.1", 80))
        sys.exit("there is a way out")
    except OSError as error:
        assert error.errno == errno.ENETUNREACH, error
os.execv(sys.argv[1], sys.argv[1:])
"""


def namespace() -> list[str] | None:
    """How a command is started without any network, None where this machine does not let us."""
    for way in (["unshare", "-n"], ["unshare", "-rn"]):
        if shutil.which("unshare") and subprocess.run([*way, "true"], capture_output=True, check=False).returncode == 0:
            return way
    return None


ENTRY = {
    "the command": ["-c", "from flows.cli import main; main()", "nightly"],
    "the Prefect server": ["-m", "flows.server", "nightly"],
}


@pytest.mark.slow
@pytest.mark.parametrize("entry", ENTRY)
def test_P9_a_night_passes_with_loopback_only(tmp_path: Path, entry: str) -> None:
    way = namespace()
    if way is None:
        pytest.skip("this machine gives us no network namespace: run as root, or allow user namespaces")
    write_delivery(tmp_path / "delivery", Parameters(survivors=300))
    (tmp_path / "key").write_text(SECRET.hex(), encoding="ascii")
    (tmp_path / "key").chmod(0o600)
    given = {
        "AFTERCARE_KEY_FILE": str(tmp_path / "key"),
        "AFTERCARE_DRAWS": "20",
        "PREFECT_HOME": str(tmp_path / "prefect"),
    }
    command = [*way, sys.executable, "-c", ALONE, sys.executable, *ENTRY[entry]]
    command += ["--source", str(tmp_path / "delivery"), "--home", str(tmp_path / "home")]
    done = subprocess.run(
        command, cwd=PROJECT, env=child_environment(**given), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert (tmp_path / "home" / "current" / "marts.duckdb").exists()
    remove_tree(tmp_path / "home")


def test_P9_the_namespace_has_no_way_out() -> None:
    way = namespace()
    if way is None:
        pytest.skip("this machine gives us no network namespace: run as root, or allow user namespaces")
    done = subprocess.run([*way, sys.executable, "-c", ALONE, "/bin/true"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_P9_telemetry_is_off_in_every_child() -> None:
    off = child_environment()
    assert off["DO_NOT_TRACK"] == "1"
    assert off["PREFECT_SERVER_ANALYTICS_ENABLED"] == off["DBT_SEND_ANONYMOUS_USAGE_STATS"] == "false"
    assert off["GX_ANALYTICS_ENABLED"] == "false"
    project = yaml.safe_load((PROJECT / "dbt_project" / "dbt_project.yml").read_text(encoding="utf-8"))
    assert project["flags"]["send_anonymous_usage_stats"] is False
    with connect() as connection:
        for name in ("autoinstall_known_extensions", "autoload_known_extensions"):
            assert connection.execute(f"select current_setting('{name}')").fetchall() == [(False,)]


@pytest.mark.xdist_group("clean")
def test_P9_no_page_asks_for_anything_remote(clean_night: WholeNight) -> None:
    pages = [path for path in files(clean_night.home / "releases") if path.suffix in {".html", ".svg", ".css"}]
    assert pages
    remote = r"""\s*["']?(?:https?:)?//"""
    asks = re.compile(rf"(?:src|srcset|data|action)\s*={remote}|url\({remote}|@import|<link[^>]+href={remote}")
    for path in pages:
        assert not asks.search(path.read_text(encoding="utf-8")), path.name
    assert asks.search('<img src="https://example.org/a.png">')
    assert asks.search('<link rel="stylesheet" href="//example.org/a.css">')


@pytest.fixture
def spilled(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "spill"
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def spill(folder: Path, *, encrypted: bool) -> tuple[int, int]:
    """Bytes that lie in the spill folder while a table of 250 MB is held under 150 MB, and how many canaries stand in them."""
    with connect(temp_directory=folder, memory_limit="150MB", threads=1) as connection:
        if not encrypted:
            connection.execute("set temp_file_encryption = false")
        connection.execute(
            f"create temp table notes as select '{CANARY}' || md5(i::varchar) || md5((i + 1)::varchar) as note from range(3500000) as r(i)"
        )
        content = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
        return sum(map(len, content)), sum(one.count(CANARY.encode()) for one in content)


def test_P7_what_is_spilled_is_encrypted(spilled: Path) -> None:
    size, found = spill(spilled, encrypted=True)
    assert size > 50_000_000
    assert found == 0


def test_P7_the_scan_of_spilled_files_can_fail(spilled: Path) -> None:
    assert spill(spilled, encrypted=False)[1] > 1000


def test_P7_dbt_spills_as_the_pipeline_does() -> None:
    profile = yaml.safe_load((PROJECT / "dbt_project" / "profiles.yml").read_text(encoding="utf-8"))
    for target in profile["aftercare"]["outputs"].values():
        assert target["config_options"]["temp_file_encryption"] is True
        assert target["config_options"]["autoinstall_known_extensions"] is False
        assert (
            "temp_file_encryption" not in target["settings"]
        )  # dbt sets these anew for each node, which fails while anything is spilled
