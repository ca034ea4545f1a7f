"""The services of compose.yaml as processes: their own commands and environment, on ports and folders of a test."""

from __future__ import annotations

import http.server
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from flows.settings import PROJECT
from tests.database.server import Relay, start

COMPOSE = yaml.safe_load((PROJECT / "deployments" / "compose.yaml").read_text(encoding="utf-8"))


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(found: Callable[[], Any], *, seconds: float, what: str) -> Any:
    """What the question gives as soon as it gives something; fails with `what` when it never does."""
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        answer = found()
        if answer:
            return answer
        time.sleep(0.3)
    raise AssertionError(f"never came: {what}")


@dataclass
class Listener:
    """A webhook in this process, and what it was told."""

    texts: list[str] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"


@contextmanager
def listener() -> Iterator[Listener]:
    """A webhook that keeps the texts it is sent."""
    heard = Listener()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.texts.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["text"])
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Nothing: the test's own output stays readable."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        heard.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield heard
        server.shutdown()


@dataclass(frozen=True)
class Services:
    """The running server and worker, and how to ask the API."""

    api: str
    folder: Path
    environment: dict[str, dict[str, str]]

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """What the API answers; an error's status and text as a tuple."""
        request = urllib.request.Request(f"{self.api}/{path}", method=method)
        request.add_header("Content-Type", "application/json")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, None if body is None else json.dumps(body).encode(), timeout=30) as answer:
                return json.loads(answer.read() or "null")
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def ended(self, run: str, *, after: int, seconds: float = 240) -> dict[str, Any]:
        """The run as soon as its attempt number `after` has ended."""
        final = {"COMPLETED", "FAILED", "CANCELLED", "CRASHED"}

        def found() -> Any:
            there = self.ask("GET", f"flow_runs/{run}")
            return there if there["run_count"] >= after and there["state_type"] in final else None

        ended: dict[str, Any] = until(found, seconds=seconds, what=f"end of attempt {after}; see {self.folder}")
        return ended

    def set_state(self, run: str, kind: str, name: str) -> Any:
        """Set a run's state as Prefect's page does for its buttons."""
        state = {"type": kind, "name": name, "message": "from the page"}
        return self.ask("POST", f"flow_runs/{run}/set_state", {"state": state})


def environment_of(service: str, put: dict[str, str], given: dict[str, str]) -> dict[str, str]:
    """A service's environment as compose would make it, with this test's addresses put in place of the containers'."""
    here = {name: value for name, value in os.environ.items() if not name.startswith(("AFTERCARE_", "PREFECT_"))}
    told = {name: str(value) for name, value in COMPOSE["services"][service]["environment"].items()}
    for name, value in told.items():
        text = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value)
        text = re.sub(r"\$\{(\w+)[^}]*\}", "secret", text)
        for there, instead in put.items():
            text = text.replace(there, instead)
        told[name] = text
    path = f"{Path(sys.executable).parent}{os.pathsep}{here.get('PATH', '')}"
    return {**here, **told, "PATH": path, "PYTHONPATH": str(PROJECT), "DO_NOT_TRACK": "1", **given}


@contextmanager
def running(command: list[str], environment: dict[str, str], log: Path, *, seconds: float = 30) -> Iterator[None]:
    """A service's command as a process that ends, with all it started, with the block."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, env=environment, cwd=log.parent, stdout=out, stderr=out, start_new_session=True
        )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextmanager
def services(folder: Path, **settings: str) -> Iterator[Services]:
    """PostgreSQL from its wheel, then the services server, deploy and worker as compose.yaml has them."""
    port = free_port()
    with ExitStack() as stack:
        postgres = stack.enter_context(start(folder / "data"))
        relay = Relay(postgres)
        stack.callback(relay.close)
        postgres.sql("create role prefect login superuser")
        postgres.sql("create database prefect owner prefect")
        put = {"@database:5432": f"@127.0.0.1:{relay.port}", "server:4200": f"127.0.0.1:{port}", "0.0.0.0": "127.0.0.1"}
        put |= {"127.0.0.1:4200": f"127.0.0.1:{port}", "/data": str(folder), "/delivery": str(folder / "delivery")}
        put |= {"/tmp/ui": str(folder / "ui")}
        home = {"PREFECT_HOME": str(folder / "prefect"), "PREFECT_SERVER_API_PORT": str(port)}
        environment = {name: environment_of(name, put, home | settings) for name in ("server", "deploy", "worker")}
        asked = Services(f"http://127.0.0.1:{port}/api", folder, environment)
        command = {name: COMPOSE["services"][name]["command"] for name in environment}
        migrate = [sys.executable, str(Path(__file__).with_name("migrate.py"))]
        subprocess.run(migrate, env=environment["server"], cwd=folder, check=True)
        stack.enter_context(running(command["server"], environment["server"], folder / "server.log"))
        until(lambda: _healthy(asked), seconds=90, what=f"the server; see {folder / 'server.log'}")
        for _ in range(2):  # again is the same as once
            program = {"python": sys.executable}.get(command["deploy"][0], command["deploy"][0])
            subprocess.run([program, *command["deploy"][1:]], env=environment["deploy"], cwd=folder, check=True)
        stack.enter_context(running(command["worker"], environment["worker"], folder / "worker.log"))
        yield asked


def _healthy(asked: Services) -> bool:
    try:
        return asked.ask("GET", "health") is True
    except OSError:
        return False
