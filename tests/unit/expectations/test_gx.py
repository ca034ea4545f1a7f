"""The check engine: it agrees with plain arithmetic, is quiet, writes nothing, and an exception is no pass."""

import logging

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from expectations import gx
from expectations.checks import Check, Count, Limit
from expectations.run import run_door
from expectations.suites import registry

from .conftest import N, frame_of

SECRET = "Canary-Maria-Santos"


def a_check(number: int, max_failed: int | None, max_percent: float | None) -> Check:
    return Check(
        f"t.c{number}", "t", "conformance", "test", "block", "A test.", "2026-11-22", max_failed, max_percent
    )  # fmt: skip


LIMITS = st.one_of(
    st.tuples(st.integers(0, 30), st.none()),
    st.tuples(st.none(), st.integers(0, 30)),
    st.tuples(st.integers(0, 30), st.integers(0, 30)),
)
COUNTS = st.builds(Count, n_checked=st.integers(0, 100), n_failed=st.integers(0, 40))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cases=st.lists(st.tuples(LIMITS, COUNTS), min_size=1, max_size=12))
def test_agrees_with_plain_arithmetic(cases):
    checks = [a_check(number, *limits) for number, (limits, _) in enumerate(cases)]
    counts = {check.check_id: count for check, (_, count) in zip(checks, cases, strict=True)}

    def plain(check: Check) -> bool:
        count = counts[check.check_id]
        rows = check.max_failed is None or count.n_failed > check.max_failed
        share = 100 * count.n_failed / count.n_checked if count.n_checked else 100 * bool(count.n_failed)
        return rows and (check.max_percent is None or share > check.max_percent)

    assert gx.exceeded(checks, counts) == {check.check_id: plain(check) for check in checks}


def test_engine_that_raises_is_an_error_of_every_check_and_blocks(monkeypatch, caplog, clean):
    def broken(*_args, **_kwargs):
        raise RuntimeError(f"failed on {SECRET}")

    monkeypatch.setattr(gx, "_validate", broken)
    with caplog.at_level(logging.DEBUG):
        verdict = run_door("landing", None, clean("landing"))
    assert set(verdict.rows["status"]) == {"error"}
    assert verdict.blocking == [check.check_id for check in registry("landing")]
    assert "RuntimeError" in caplog.text
    assert SECRET not in caplog.text + verdict.rows.to_json()


def test_library_that_raises_inside_is_an_error_and_blocks(monkeypatch, clean):
    from great_expectations.datasource.fluent.interfaces import Batch

    def broken(*_args, **_kwargs):
        raise KeyError(SECRET)

    monkeypatch.setattr(Batch, "validate", broken)
    verdict = run_door("landing", None, clean("landing"))
    assert set(verdict.rows["status"]) == {"error"}
    assert len(verdict.blocking) == len(registry("landing"))


def test_one_expectation_that_raises_is_an_error_of_that_check_alone(monkeypatch, clean):
    real = gx._validate

    def loses_a_column(frame: pd.DataFrame, limits: dict[str, Limit]) -> dict[str, bool]:
        return real(frame.drop(columns="survivors.file_hash|n_failed"), limits)

    monkeypatch.setattr(gx, "_validate", loses_a_column)
    verdict = run_door("landing", None, clean("landing"))
    assert verdict.blocking == ["survivors.file_hash"]
    assert set(verdict.rows["status"]) == {"error", "pass"}


def test_answer_that_never_came_is_an_error(monkeypatch, clean):
    real = gx._validate
    monkeypatch.setattr(gx, "_validate", lambda frame, limits: dict(list(real(frame, limits).items())[1:]))
    verdict = run_door("landing", None, clean("landing"))
    assert verdict.blocking == [registry("landing")[0].check_id]


def test_half_an_answer_of_two_is_an_error():
    check = a_check(1, 0, 2)
    answers = {"t.c1|n_failed": False}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gx, "_validate", lambda *_: answers)
        assert gx.exceeded([check], {"t.c1": Count(10, 9)}) == {}


def test_says_nothing_and_writes_nothing(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    counts = {check.check_id: Count(N, 1) for check in registry("marts")}
    assert len(gx.exceeded(registry("marts"), counts)) == len(registry("marts"))
    assert capfd.readouterr() == ("", "")
    assert list(tmp_path.rglob("*")) == []


def test_results_of_the_library_hold_no_count(monkeypatch):
    """BOOLEAN_ONLY: even the library's own result, which we drop, does not repeat what it saw."""
    from great_expectations.datasource.fluent.interfaces import Batch

    seen, real = [], Batch.validate

    def spy(*args, **kwargs):
        result = real(*args, **kwargs)
        seen.append(str(result.to_json_dict()))
        return result

    monkeypatch.setattr(Batch, "validate", spy)
    checks = registry("landing")
    counts = frame_of(checks, lambda _: Count(987_654_321, 123_456_789))
    run_door("landing", None, counts)
    assert len(seen) == 1
    assert "123456789" not in seen[0]
    assert "observed" not in seen[0]
