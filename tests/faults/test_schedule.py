"""The nights on which clocks change: each deployment runs exactly once on every day, wherever its offices are. F31."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import yaml
from prefect.client.schemas.schedules import CronSchedule

from flows.settings import PROJECT

DEPLOYMENTS = yaml.safe_load((PROJECT / "deployments" / "prefect.yaml").read_text(encoding="utf-8"))["deployments"]
(NIGHTLY,) = [one["schedules"][0] for one in DEPLOYMENTS if one["name"] == "nightly"]
# Zones of the offices, and some whose clocks change at night; the year 2027 has a change of each kind in these.
ZONES = (
    "Africa/Nairobi",
    "Asia/Manila",
    "Asia/Kolkata",
    "America/Guatemala",
    "America/New_York",
    "Europe/Berlin",
    "America/Santiago",
)


@pytest.mark.parametrize("zone", ZONES)
def test_F31_a_night_on_which_the_clock_changes_runs_exactly_once(zone: str) -> None:
    first = datetime(2027, 1, 1, tzinfo=ZoneInfo(zone))
    planned = planned_from(CronSchedule(cron=NIGHTLY["cron"], timezone=zone), first)
    days = Counter(at.astimezone(ZoneInfo(zone)).date() for at in planned)
    wanted = [date(2027, 1, 1) + timedelta(days=day) for day in range(364)]
    assert [day for day in wanted if days[day] != 1] == []


def planned_from(schedule: CronSchedule, first: datetime) -> list[datetime]:
    """The next 366 runs as Prefect's server plans them."""
    from prefect.server.schemas.schedules import CronSchedule as Planner

    planner = Planner(cron=schedule.cron, timezone=schedule.timezone)
    return list(asyncio.run(planner.get_dates(366, start=first)))
