"""docs/faults.md covers the whole catalogue, and what it says people read is there to be read."""

from __future__ import annotations

import re

from expectations.suites import DOORS, registry
from flows.errors import Exit
from tests.faults import test_delivery_refused as deliveries
from tests.faults.page import ROOT, by_fault, catalogue

FAULTS = [f"F{number}" for number in range(1, 73)]


def test_all_72_faults_are_in_the_catalogue_in_order_and_have_a_test() -> None:
    assert [fault.id for fault in catalogue()] == FAULTS
    assert sorted(by_fault(), key=lambda fault: int(fault[1:])) == FAULTS, "no fault without a test, no other id"


def test_what_people_read_is_a_check_or_an_exit_code_that_there_is() -> None:
    checks = {check.check_id for door in DOORS for check in registry(door)}
    for fault in catalogue():
        named = re.findall(r"`([a-z_]+(?:\.[a-z_]+)+|[a-z]+_[a-z]+)`", fault.says)
        assert {name for name in named if name != "models.card"} <= checks, fault.id
        codes = {int(code) for found in re.findall(r"exit (\d+)(?: or (\d+))?", fault.says) for code in found if code}
        assert codes <= {int(code) for code in Exit}, fault.id
        assert fault.behaviour.endswith("."), fault.id


def test_the_refused_deliveries_are_marked_with_the_faults_they_are() -> None:
    (mark,) = [mark for mark in deliveries.test_delivery_is_refused.pytestmark if mark.name == "fault"]
    assert set(mark.args) == {name.split("_")[0] for name in deliveries.REFUSED}


def test_every_refusal_of_the_catalogue_has_a_runbook_entry() -> None:
    runbook = (ROOT / "deployments" / "RUNBOOK.md").read_text(encoding="utf-8")
    for fault in catalogue():
        for code in re.findall(r"exit (\d+)", fault.says):
            assert f"| {code} | {Exit(int(code)).name} |" in runbook, fault.id
