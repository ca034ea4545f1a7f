"""Limits, owners and guidance: each entry is of use to a check, and each check has what a person needs."""

from fnmatch import fnmatchcase

import pytest

from expectations.checks import Check
from expectations.policy import OWNERS, entries, policy

from .conftest import every_check

ALL = [check for _, check in every_check()]
FILES = ("thresholds.yml", "guidance.yml")


@pytest.mark.parametrize("name", FILES)
def test_every_pattern_is_the_first_to_fit_some_check(name: str):
    """An entry that nothing reaches would look like a limit and be none."""
    patterns = [pattern for entry in entries(name) for pattern in entry["checks"]]
    ids = {check.check_id for check in ALL} | {
        f"{check.check_id.removesuffix('.hold')}.hold" for check in ALL if check.hold
    }
    ids |= {"aftercare_episodes.closure_reason.unknown_code"}
    reached = {next(pattern for pattern in patterns if fnmatchcase(check_id, pattern)) for check_id in ids}
    assert set(patterns) - reached == set()


@pytest.mark.parametrize("check", ALL, ids=lambda check: check.check_id)
def test_every_check_says_who_acts_and_how(check: Check):
    assert check.owner in OWNERS
    assert check.guidance.endswith(".")
    assert 20 <= len(check.guidance) <= 200
    held = policy(
        check.check_id if check.check_id != "unmapped_closure" else "aftercare_episodes.closure_reason.unknown_code"
    )
    assert (check.max_failed, check.max_percent, check.since) == (held.max_failed, held.max_percent, held.since)


def test_a_hold_needs_both_limits_keys_gone_a_share_and_the_last_entry_fits_all():
    for check in (check for check in ALL if check.hold):
        is_gone = check.check_id.endswith(".mass_delete")
        assert (check.max_failed is None, check.max_percent is None) == (is_gone, False), check.check_id
    assert entries("thresholds.yml")[-1]["checks"] == ["*"]


def test_a_check_that_no_guidance_fits_is_refused():
    with pytest.raises(LookupError, match=r"no entry of guidance\.yml fits attic\.door"):
        policy("attic.door")
