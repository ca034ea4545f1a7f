"""Task runs end as what they mirror ended, also when it ended badly."""

import socket
import threading
from concurrent.futures import Future
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from prefect.client.schemas.objects import State

from flows import mirror, prefect_server, server
from flows.dbt_build import NodeEvent
from flows.errors import DbtError, DeliveryError, HomeError
from flows.outcomes import outcome, result
from flows.prefect_server import NoServerError
from flows.stage import Watch

pytestmark = pytest.mark.xdist_group("prefect")


@pytest.mark.parametrize(
    ("status", "type_", "name"),
    [
        ("success", "COMPLETED", "Completed"),
        ("pass", "COMPLETED", "Completed"),
        ("warn", "COMPLETED", "Completed"),
        ("error", "FAILED", "Failed"),
        ("fail", "FAILED", "Failed"),
        ("never ended", "FAILED", "Failed"),
        ("skipped", "CANCELLED", "Skipped"),
    ],
)
def test_a_node_ends_as_dbt_says(status: str, type_: str, name: str) -> None:
    end: Future[NodeEvent] = Future()
    end.set_result(NodeEvent("end", "model.aftercare.fct_episode", "model", status))
    state = mirror.dbt_node.fn(end)
    assert (state.type.value, state.name) == (type_, name)


def test_no_node_is_left_waiting_when_dbt_dies(monkeypatch: pytest.MonkeyPatch) -> None:
    ends: list[Future[NodeEvent]] = []
    monkeypatch.setattr(mirror, "_submit", lambda _event, end: ends.append(end))
    monkeypatch.setattr(mirror, "wait", lambda _runs: None)

    def dying() -> None:
        with mirror._node_runs(Watch()) as watch:
            watch.node(NodeEvent("start", "model.aftercare.a", "model"))
            watch.node(NodeEvent("start", "model.aftercare.b", "model"))
            watch.node(NodeEvent("end", "model.aftercare.a", "model", "success"))
            raise DbtError("none ran", stage="dbt build", next_step="look")

    with pytest.raises(DbtError):
        dying()
    assert [end.result(0).status for end in ends] == ["success", "never ended"]


def test_a_refusal_is_told_in_full_and_anything_else_without_its_text() -> None:
    def refuse() -> tuple[Any, str]:
        raise DeliveryError("manifest.json is missing", stage="landing", next_step="wait")

    def break_down() -> tuple[Any, str]:
        raise ValueError("could not convert 'Amina' to a date")

    refused, broken = outcome(refuse), outcome(break_down)
    assert refused.message == DeliveryError("manifest.json is missing", stage="landing", next_step="wait").text()
    assert "ValueError at test_mirror.py" in str(broken.message)
    assert "Amina" not in f"{broken.message} {broken!r} {broken.result(raise_on_failure=False)!r}"
    with pytest.raises(ValueError, match="Amina"):
        result(broken)


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (OSError("the share is away"), True),
        (HomeError("no space", stage="landing", next_step="free some"), False),
        (ValueError("x"), False),
    ],
)
def test_only_the_machine_is_given_another_chance(error: Exception, again: bool) -> None:
    def work() -> tuple[Any, str]:
        raise error

    state: State[Any] = outcome(work)
    assert mirror._can_run_again(state) is again


@pytest.mark.fault("F50")
def test_without_a_server_the_plain_night_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ran: list[dict[str, Any]] = []

    def no_server(*_: Any, **__: Any) -> Any:
        raise NoServerError("the Prefect server was not healthy after 120 s")

    monkeypatch.setattr(server, "server", no_server)
    monkeypatch.setattr(server, "plain", SimpleNamespace(callback=lambda **given: ran.append(given)))
    server.commands.main(["nightly", "--home", str(tmp_path), "--source", str(tmp_path)], standalone_mode=False)
    assert [given["source"] for given in ran] == [str(tmp_path)]


@pytest.mark.parametrize("listens", [True, False])
def test_a_server_that_is_gone_is_noticed_and_one_that_listens_is_not(
    monkeypatch: pytest.MonkeyPatch, listens: bool
) -> None:
    monkeypatch.setattr(prefect_server, "WATCH_SECONDS", 0.01)
    noticed = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as there:
        port = there.getsockname()[1]
        if not listens:
            there.close()
        with prefect_server.when_lost(port, noticed.set):
            assert noticed.wait(0.5) is not listens
