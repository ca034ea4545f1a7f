"""A night under Prefect is the plain night, and all of it can be seen."""

import json
import re
import sqlite3
from datetime import datetime
from pathlib import Path

import pytest

from flows.stages import NIGHTLY
from tests.privacy.scan import TOKEN

from .conftest import Prefect, Ran

pytestmark = pytest.mark.xdist_group("prefect")

NUMBER = re.compile(rb"[A-Z]+-\d+")  # ids of people and cases; canaries that stand for households and papers


@pytest.mark.fault("F50")
def test_the_night_publishes_and_says_what_the_plain_command_says(night: Ran) -> None:
    assert night.code == 0, night.err
    assert "is live." in night.out
    assert "marts.duckdb" in night.out
    assert all(stage.name in night.err for stage in NIGHTLY)
    assert "prefect" not in night.err.lower(), "Prefect's own lines stay off the terminal"


def test_the_run_is_completed_and_names_its_release(night: Ran, prefect: Prefect) -> None:
    run = prefect.flow_run("nightly")
    release = (night.home / "current").resolve().name
    assert (run["state_type"], run["message"]) == ("COMPLETED", f"release {release} is live")


def test_one_task_run_for_every_stage_and_every_dbt_node(night: Ran, prefect: Prefect) -> None:
    run = _first_run(prefect)
    tasks = prefect.task_runs(run)
    nodes = prefect.artifact(run, "dbt-nodes")
    assert [task["name"] for task in tasks if "stage" in json.loads(task["tags"])] == [stage.name for stage in NIGHTLY]
    of_nodes = [task for task in tasks if task["name"] not in {stage.name for stage in NIGHTLY}]
    assert sorted(task["name"] for task in of_nodes) == sorted(node["node"] for node in nodes)
    assert {task["state_type"] for task in tasks} == {"COMPLETED"}
    kinds = {node["node"]: node["kind"] for node in nodes}
    assert all(set(json.loads(task["tags"])) == {"dbt", kinds[task["name"]]} for task in of_nodes)


def test_nodes_lie_within_their_stage_in_time(night: Ran, prefect: Prefect) -> None:
    tasks = prefect.task_runs(_first_run(prefect))
    build = next(task for task in tasks if task["name"] == "build marts")
    nodes = [task for task in tasks if "dbt" in json.loads(task["tags"]) and task["name"] != "build marts"]
    assert all(build["start_time"] <= node["start_time"] <= node["end_time"] <= build["end_time"] for node in nodes)


def test_long_nodes_take_as_long_in_prefect_as_in_dbt(night: Ran, prefect: Prefect) -> None:
    run = _first_run(prefect)
    seconds = {node["node"]: node["seconds"] for node in prefect.artifact(run, "dbt-nodes")}
    tasks = {task["name"]: _seconds(task) for task in prefect.task_runs(run) if task["name"] in seconds}
    far_off = [
        name for name in tasks if seconds[name] > 0.3 and abs(tasks[name] - seconds[name]) > 0.5 + seconds[name] / 2
    ]
    assert len(far_off) <= 2, far_off


def test_artifacts_hold_the_counts(night: Ran, prefect: Prefect) -> None:
    run = _first_run(prefect)
    conservation = prefect.artifact(run, "conservation")
    assert all(
        row["n_in"] == sum(row[f"n_{where}"] for where in ("out", "excluded", "quarantined", "collapsed", "tombstoned"))
        for row in conservation
    )
    checks = prefect.artifact(run, "checks")
    assert checks
    assert "pass" not in {row["status"] for row in checks}
    assert (night.home / "current").resolve().name in prefect.artifact(run, "release")
    assert {row["group"] for row in prefect.artifact(run, "counts")} > {"sex_trafficking", "restored"}
    assert "restoration" in {row["curve_name"] for row in prefect.artifact(run, "curves")}
    assert "http://127.0.0.1:4201/" in prefect.artifact(run, "report")


def test_prefect_holds_no_canary_no_id_and_no_key(night: Ran, later: Ran) -> None:
    """Scans everything Prefect keeps; the control shows that the ids and canaries are there to be found in the delivery."""
    canaries = (night.delivery.parent / f"{night.delivery.name}.truth" / "canaries.txt").read_text().split("\n")
    planted = {line.strip().encode() for line in canaries if len(line.strip()) >= 6}
    ids = _column(night.delivery / "survivors.csv", 0) | _column(night.delivery / "cases.csv", 0)
    delivered = b"".join(file.read_bytes() for file in night.delivery.glob("*.csv"))
    kept = b"".join(file.read_bytes() for file in (night.home / "prefect").rglob("*") if file.is_file())
    kept += _logical(night.home / "prefect" / "prefect.db")
    tokens = {token for one in planted for token in TOKEN.findall(one)}
    numbers = {one for one in planted if NUMBER.fullmatch(one)} | ids
    assert all(TOKEN.search(one) or one in numbers for one in planted)
    assert len(tokens & set(TOKEN.findall(delivered))) > len(tokens) / 2
    assert len(ids) > 100
    assert ids <= set(NUMBER.findall(delivered))
    assert not TOKEN.search(kept)
    assert not numbers & set(NUMBER.findall(kept))
    assert b"a-quoted-row" not in kept
    assert not (night.home / "prefect" / "storage").exists(), "results are not persisted"
    assert (night.home.parent / "key").read_bytes().strip() not in kept


def test_a_refused_night_fails_with_the_text_and_changes_nothing_live(later: Ran, prefect: Prefect) -> None:
    told = _told(later)["refused"]
    assert told["type"] == "FAILED"
    assert "manifest.json is missing" in told["message"]
    assert "(exit 10)" in told["message"]
    assert told["message"] in [run["message"] for run in prefect.rows("select message from flow_run_state")]
    assert told["live"].endswith("-0001")


def test_an_unforeseen_error_is_told_by_kind_and_place_only(later: Ran, prefect: Prefect) -> None:
    told = _told(later)["unforeseen"]
    assert told["type"] == "FAILED"
    assert "ValueError at later_runs.py" in told["message"]
    shown = "select s.message from flow_run r join flow_run_state s on s.id = r.state_id where r.state_type = 'FAILED'"
    assert told["message"] in [row["message"] for row in prefect.rows(shown)]
    assert "ValueError" in later.err, "Prefect logs failures"
    assert "a-quoted-row" not in later.err


def test_a_night_with_nothing_to_do_completes_and_says_so(later: Ran) -> None:
    told = _told(later)["unchanged"]
    assert told["type"] == "COMPLETED"
    assert told["message"].startswith("nothing to do: release")


def test_retraining_completes_with_its_card(later: Ran, prefect: Prefect) -> None:
    assert _told(later)["retrain"]["type"] == "COMPLETED", later.err
    run = prefect.flow_run("retrain")
    assert {task["name"] for task in prefect.task_runs(run["id"])} == {"train challenger", "resample headline"}
    cards = prefect.artifact(run["id"], "need-model")
    assert "; ".join(f"{card['model_name']}: {card['reason']}" for card in cards) == run["message"]
    assert {row["n_draws"] for row in prefect.artifact(run["id"], "headline-limits")} == {200}


def test_deployments_are_registered_as_the_file_says(later: Ran) -> None:
    lines = [json.loads(line) for line in later.out.splitlines()]
    nightly, weekly = [line for line in lines if line["what"] == "deployment"]
    assert nightly["crons"] == [["0 2 * * *", "Africa/Nairobi"]]
    assert nightly["entrypoint"] == "flows.nightly.nightly"
    assert nightly["strategy"] == weekly["strategy"] == "CANCEL_NEW"
    assert nightly["parameters"]["home"] == str(later.home)
    assert [line["n"] for line in lines if line["what"] == "automations"] == [1]


@pytest.mark.fault("F48")
def test_a_run_without_a_heartbeat_is_found_and_no_other(later: Ran) -> None:
    told = _told(later)
    assert told["silent"]["type"] == "CRASHED"
    assert told["silent"]["message"].startswith("No heartbeat for 400 seconds; the process is gone.")
    assert (told["ended"]["type"], told["beating"]["type"]) == ("COMPLETED", "RUNNING")


@pytest.mark.fault("F48")
def test_a_worker_that_was_killed_in_pending_does_not_stop_tomorrow_s_run(later: Ran) -> None:
    """Its place in the limit of one is leased: beside it a run is cancelled, and once the lease has run out the next one begins."""
    told = _told(later)["pending"]
    assert (told["first"], told["beside"], told["tomorrow"]) == ("PENDING", "CANCELLED", "PENDING")


def _first_run(prefect: Prefect) -> str:
    return str(
        prefect.rows("select flow_run_id as id from task_run where name = 'publish' order by start_time limit 1")[0][
            "id"
        ]
    )


def _seconds(task: dict[str, str]) -> float:
    return (datetime.fromisoformat(task["end_time"]) - datetime.fromisoformat(task["start_time"])).total_seconds()


def _told(ran: Ran) -> dict[str, dict[str, str]]:
    assert ran.code == 0, ran.err
    return {line["what"]: line for line in map(json.loads, ran.out.splitlines())}


def _column(file: Path, index: int) -> set[bytes]:
    first = (line.split(",")[index] for line in file.read_text(encoding="utf-8").splitlines()[1:])
    return {cell.encode() for cell in first if re.fullmatch(r"[SC]-\d+", cell)}


def _logical(file: Path) -> bytes:
    with sqlite3.connect(file) as connection:
        return "\n".join(connection.iterdump()).encode()


def test_the_password_of_the_database_comes_from_a_secret_block(later: Ran, prefect: Prefect) -> None:
    told = _told(later)
    assert told["no block"]["type"] == "FAILED"
    assert "the Prefect secret block of the database password is not there" in told["no block"]["message"]
    assert told["block"] == {**told["block"], "is_it": True, "shown": "**********"}
    assert told["with a block"]["type"] == "COMPLETED"
    assert "what-the-block-holds" not in later.out + later.err
    kept = b"".join(file.read_bytes() for file in prefect.file.parent.glob("prefect.db*"))
    assert b"what-the-block-holds" not in kept, "Prefect keeps it in cipher"
