"""The four tables of services and events as the source shows them at one stamp."""

import numpy as np
import pyarrow as pa

from flows.extract.simulate import codes
from flows.extract.simulate.arrow import coded, common, dates, there
from flows.extract.simulate.services import DELIVERED
from flows.extract.simulate.world import World


def community_events(world: World, at: int) -> pa.Table:
    """One row per attendance."""
    frame = there(world.community, at)
    columns = {
        **{name: frame[name] for name in ("id", "row", "partner", "hours")},
        "type": coded(frame["type"], codes.COMMUNITY_EVENTS),
        "role": coded(frame["role"], codes.ROLES),
        "attended_on": dates(frame["date"]),
    }
    return pa.table({**columns, **common(frame, at)})


def health_services(world: World, at: int) -> pa.Table:
    """One row per health service: planned until what became of it is recorded."""
    frame = there(world.health, at)
    status = np.where(frame["own_s"] <= at, frame["outcome"], 0)
    done = status == DELIVERED
    columns = {
        **{name: frame[name] for name in ("id", "row", "partner")},
        "type": coded(frame["type"], codes.HEALTH_SERVICES),
        "planned_on": dates(frame["date"], frame["was_planned"]),
        "delivered_on": dates(frame["delivered"], done),
        "status": coded(status, codes.SERVICE_STATUS),
        "sessions": pa.array(frame["sessions"], mask=~done),
    }
    return pa.table({**columns, **common(frame, at, "own_s")})


def legal_proceedings(world: World, at: int) -> pa.Table:
    """One row per event of a case."""
    frame = there(world.legal, at)
    columns = {
        **{name: frame[name] for name in ("id", "case", "person")},
        "office": frame["office_index"] + 1,
        "type": coded(frame["type"], codes.LEGAL_EVENTS),
        "occurred_on": dates(frame["date"]),
    }
    return pa.table({**columns, **common(frame, at)})


def support_services(world: World, at: int) -> pa.Table:
    """One row per support service: planned until what became of it is recorded."""
    frame = there(world.support, at)
    status = np.where(frame["own_s"] <= at, frame["outcome"], 0)
    columns = {
        **{name: frame[name] for name in ("id", "row", "partner")},
        "type": coded(frame["type"], codes.SERVICE_CATEGORIES),
        "started_on": dates(frame["date"]),
        "ended_on": dates(frame["ended"], frame["ended_s"] <= at),
        "status": coded(status, codes.SERVICE_STATUS),
        "quantity": pa.array(frame["quantity"], mask=status != DELIVERED),
        "unit": coded(frame["unit"], codes.UNITS, status == DELIVERED),
    }
    return pa.table({**columns, **common(frame, at, "own_s", "ended_s")})
