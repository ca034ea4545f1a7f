"""Flows that are called as Prefect calls them, each ending printed as a JSON line. Run as a script by the fixture `later`."""

import json
import os
import sys
from pathlib import Path

from flows.prefect_server import server
from flows.settings import load
from flows.stage import Stage

home, delivery, empty = sys.argv[1:]
settings = load(home=home)
# How long a place in the limit is held without a word; 300 seconds where nothing is said, and the least that Prefect takes is 30.
os.environ["PREFECT_SERVER_CONCURRENCY_INITIAL_DEPLOYMENT_LEASE_DURATION"] = "30"
with server(settings, lambda _: None, schedules=True) as port:
    from prefect.client.orchestration import get_client

    import flows.nightly
    from flows.automations import install_automations
    from flows.deployed import deployments
    from flows.nightly import nightly
    from flows.retrain import retrain

    def tell(what: str, **facts: object) -> None:
        print(json.dumps({"what": what, "port": port, **facts}), flush=True)

    Path(empty).mkdir()
    for what, source in (("refused", empty), ("unchanged", delivery)):
        state = nightly(source=source, home=home, return_state=True)
        tell(what, type=state.type.value, message=state.message, live=(Path(home) / "current").resolve().name)
    state = retrain(home=home, return_state=True)
    tell("retrain", type=state.type.value, message=state.message)

    from prefect.blocks.system import Secret

    from flows.secret_block import with_password

    os.environ["AFTERCARE_DATABASE_PASSWORD_BLOCK"] = "jds-password"
    state = nightly(source=delivery, home=home, return_state=True)
    tell("no block", type=state.type.value, message=state.message)
    Secret(value="what-the-block-holds").save("jds-password")
    password = with_password(load(home=home)).database_password
    tell("block", is_it=bool(password and password.get_secret_value() == "what-the-block-holds"), shown=str(password))
    state = nightly(source=delivery, home=home, return_state=True)
    tell("with a block", type=state.type.value, message=state.message)

    def quote_a_row(*_: object) -> None:
        raise ValueError("cannot convert 'a-quoted-row' to a date")

    flows.nightly.NIGHTLY = (Stage("land delivery", quote_a_row),)  # type: ignore[arg-type]
    state = nightly(source=delivery, home=home, rebuild=True, return_state=True)
    tell("unforeseen", type=state.type.value, message=state.message)
    install_automations(settings)
    install_automations(settings)
    with get_client(sync_client=True) as client:
        for deployment in deployments(settings):
            there = client.read_deployment(deployment.apply())
            limit = there.concurrency_options
            tell("deployment", name=there.name, entrypoint=there.entrypoint, parameters=there.parameters,
                 strategy=limit.collision_strategy.value if limit else None,
                 crons=[[at.schedule.cron, at.schedule.timezone] for at in there.schedules])  # fmt: skip
        tell("automations", n=len(client.read_automations()))

    import time

    import yaml
    from prefect.events import emit_event
    from prefect.events.worker import EventsWorker
    from prefect.states import Completed, Pending, Running

    from flows.automations import DEAD_RUNS, _install

    # The shipped automation as it is, but for the seconds of silence that it waits for.
    dead = yaml.safe_load(DEAD_RUNS.read_text(encoding="utf-8"))
    dead["trigger"]["within"] = 10
    with get_client(sync_client=True) as client:
        _install(client, dead)
        silent, ended, beating = (client.create_flow_run(nightly, state=Running()).id for _ in range(3))

        ours = client.read_deployment_by_name("nightly/nightly").id

        def begun() -> str:
            """What becomes of a new run of the deployment that a worker takes up and then says no more of."""
            run = client.create_flow_run_from_deployment(ours)
            client.set_flow_run_state(run.id, Pending())
            return client.read_flow_run(run.id).state_type.value

        killed_in_pending, beside = begun(), begun()

        def beat(*runs: object) -> None:
            for run in runs:
                emit_event("prefect.flow-run.heartbeat", resource={"prefect.resource.id": f"prefect.flow-run.{run}"})
            EventsWorker.drain_all(timeout=5)

        beat(silent, ended, beating)
        client.set_flow_run_state(ended, Completed(), force=True)
        until = time.monotonic() + 60
        while time.monotonic() < until and client.read_flow_run(silent).state_type.value != "CRASHED":
            time.sleep(2)
            beat(beating)
        for what, run in (("silent", silent), ("ended", ended), ("beating", beating)):
            found = client.read_flow_run(run)
            tell(what, type=found.state_type.value, message=found.state.message)

        until, tomorrow = time.monotonic() + 90, begun()
        while time.monotonic() < until and tomorrow != "PENDING":
            time.sleep(5)
            tomorrow = begun()
        tell("pending", first=killed_in_pending, beside=beside, tomorrow=tomorrow)
