"""The Prefect server of a home: the one that already runs, or a child process, on loopback with its SQLite file under the home."""

import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flows.prefect_child import LOOPBACK
from flows.settings import PROJECT, Settings, child_environment

START_SECONDS = 120.0
STOP_SECONDS = 15.0
WATCH_SECONDS = 2.0
LOST_AFTER_MISSES = 3
KEEP_RUNS = "2592000"  # 30 days, in seconds
Say = Callable[[str], None]


class NoServerError(Exception):
    """The server did not become healthy in time."""


def prefect_home(settings: Settings) -> Path:
    """Where Prefect keeps its database, and nothing else of the pipeline."""
    return settings.home.resolve() / "prefect"


def environment(settings: Settings, port: int, *, schedules: bool = True) -> dict[str, str]:
    """What Prefect must be told, in the server and in the process that runs the flow. Without `schedules` the server starts no run."""
    page = f"http://{LOOPBACK}:{port}"
    return {
        "PREFECT_HOME": str(prefect_home(settings)),
        "PREFECT_PROFILES_PATH": str(prefect_home(settings) / "profiles.toml"),
        "PREFECT_API_URL": f"{page}/api",
        "PREFECT_SERVER_UI_API_URL": f"{page}/api",
        "PREFECT_SERVER_API_HOST": LOOPBACK,
        "PREFECT_SERVER_API_PORT": str(port),
        # No other page in the same browser may ask this server anything.
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": f"{page},http://localhost:{port}",
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{prefect_home(settings)}/prefect.db",
        "PREFECT_SERVER_SERVICES_SCHEDULER_ENABLED": str(schedules).lower(),
        "PREFECT_SERVER_SERVICES_LATE_RUNS_ENABLED": str(schedules).lower(),
        "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": KEEP_RUNS,
        # In memory, a server that dies leaves the slot of a concurrency limit taken for good.
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
        # One transaction for many task runs: one by one, the server lags seconds behind a night's short nodes.
        "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "50",
        "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "50",
        "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
        "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_BATCH_SIZE": "200",
        "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_READ_BATCH_SIZE": "50",
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
        "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
        # Lines still reach the page; the terminal has the stages' own.
        "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "WARNING",
        "PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY": "false",
    }


def is_ours(settings: Settings, port: int) -> bool:
    """Whether a Prefect server of this home answers on the port."""
    told = _get(port, "admin/settings")
    return isinstance(told, dict) and told.get("home") == str(prefect_home(settings))


def running_port(settings: Settings) -> int | None:
    """The port where a server of this home answers, None where none does."""
    try:
        ports = [int(_port_file(settings).read_text(encoding="ascii")), settings.prefect_port]
    except (OSError, ValueError):
        ports = [settings.prefect_port]
    return next((port for port in ports if is_ours(settings, port)), None)


@contextmanager
def server(settings: Settings, say: Say, *, schedules: bool = False, seconds: float = START_SECONDS) -> Iterator[int]:
    """The port of a healthy server of this home: the running one, or a child that is stopped at the end.

    Sets Prefect's environment variables in this process, so Prefect must not have been imported before. Raises NoServerError
    where the child is not healthy within `seconds`.
    """
    there = running_port(settings)
    if there:
        say(f"using the Prefect server on port {there}")
        os.environ.update(child_environment(**environment(settings, there)))
        yield there
        return
    port = _free_port(settings.prefect_port)
    told = environment(settings, port, schedules=schedules)
    child = _start(settings, port, told)
    try:
        os.environ.update(child_environment(**told))
        _wait(child, port, say, seconds)
        _port_file(settings).write_text(f"{port}\n", encoding="ascii")
        yield port
    finally:
        _stop(child)
        _port_file(settings).unlink(missing_ok=True)


def _port_file(settings: Settings) -> Path:
    return prefect_home(settings) / "port"


@contextmanager
def when_lost(port: int, act: Callable[[], None]) -> Iterator[None]:
    """Call `act` in another thread when nothing listens on the port any more: a run would wait for its server for an hour."""
    over = threading.Event()

    def watch() -> None:
        misses = 0
        while misses < LOST_AFTER_MISSES and not over.wait(WATCH_SECONDS):
            misses = 0 if _listens(port) else misses + 1
        if not over.is_set():
            act()

    threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    finally:
        over.set()


def _listens(port: int) -> bool:
    try:
        with socket.create_connection((LOOPBACK, port), timeout=WATCH_SECONDS):
            return True
    except ConnectionRefusedError:
        return False
    except OSError:
        return True  # slow is not lost


def _start(settings: Settings, port: int, told: dict[str, str]) -> subprocess.Popen[bytes]:
    folder = prefect_home(settings)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / "server.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "flows.prefect_child", str(port)],
            env=child_environment(PYTHONPATH=str(PROJECT), **told),
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C reaches the run, which still tells the server how it ended
        )


def _wait(child: subprocess.Popen[bytes], port: int, say: Say, seconds: float) -> None:
    started = time.monotonic()
    while time.monotonic() - started < seconds:
        if child.poll() is not None:
            raise NoServerError(f"the Prefect server ended with code {child.returncode}")
        say(f"starting the Prefect server on port {port}: {time.monotonic() - started:.0f} s")
        if _get(port, "health") is True:
            return
        time.sleep(0.2)
    raise NoServerError(f"the Prefect server was not healthy after {seconds:.0f} s")


def _stop(child: subprocess.Popen[bytes]) -> None:
    assert child.stdin is not None
    child.stdin.close()
    try:
        child.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _free_port(wanted: int) -> int:
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise NoServerError("no port is free")


def _get(port: int, path: str) -> Any:
    """What the server on the port answers, None where nothing or something else answers."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://{LOOPBACK}:{port}/api/{path}", timeout=5) as answer:
            return json.loads(answer.read())
    except (OSError, ValueError, http.client.HTTPException):
        return None
