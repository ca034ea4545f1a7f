"""Flows that are called as Prefect calls them, each ending printed as a JSON line. Run as a script by the fixture `later`."""

import json
import sys
from pathlib import Path

from flows.prefect_server import server
from flows.settings import load

home, delivery, empty = sys.argv[1:]
settings = load(home=home)
with server(settings, lambda _: None, schedules=True) as port:
    from prefect.client.orchestration import get_client

    from flows.deployed import deployments, install_automation
    from flows.nightly import nightly
    from flows.retrain import retrain

    def tell(what: str, **facts: object) -> None:
        print(json.dumps({"what": what, "port": port, **facts}), flush=True)

    Path(empty).mkdir()
    for what, source in (("unchanged", delivery), ("refused", empty)):
        state = nightly(source=source, home=home, return_state=True)
        tell(what, type=state.type.value, message=state.message)
    state = retrain(home=home, return_state=True)
    tell("retrain", type=state.type.value, message=state.message)
    install_automation()
    install_automation()
    with get_client(sync_client=True) as client:
        for deployment in deployments(settings):
            there = client.read_deployment(deployment.apply())
            limit = there.concurrency_options
            tell("deployment", name=there.name, entrypoint=there.entrypoint, parameters=there.parameters,
                 strategy=limit.collision_strategy.value if limit else None,
                 crons=[[at.schedule.cron, at.schedule.timezone] for at in there.schedules])  # fmt: skip
        tell("automations", n=len(client.read_automations()))
