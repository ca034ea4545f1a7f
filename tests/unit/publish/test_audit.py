import json
import threading

import pytest

from flows.errors import VerifyError
from flows.publish import audit
from flows.publish.audit import append, lines, verify_log
from flows.warehouse import Home
from tests.unit.publish.builds import AT


@pytest.fixture
def logged(home: Home) -> Home:
    for number in range(4):
        append(home, "publish", at=AT, release_id=f"2026-11-01-000{number}", number=number)
    return home


def test_lines_are_chained_and_numbered(logged: Home):
    parsed = [json.loads(line) for line in logged.audit_log.read_text().splitlines()]
    assert [line["sequence"] for line in parsed] == [1, 2, 3, 4]
    assert [line["previous_hash"] for line in parsed] == [audit.FIRST, *(line["hash"] for line in parsed[:-1])]
    assert verify_log(logged) == 4
    assert audit.head(logged) == parsed[-1]["hash"]


def test_an_absent_log_is_an_empty_one(home: Home):
    assert (verify_log(home), lines(home), audit.head(home)) == (0, [], audit.FIRST)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda rows: [rows[0], rows[1].replace('"number":1', '"number":9'), *rows[2:]],
        lambda rows: [rows[0], *rows[2:]],
        lambda rows: [rows[0], rows[2], rows[1], rows[3]],
        lambda rows: [rows[0], rows[1], rows[1], *rows[2:]],
        lambda rows: [rows[0], "not json", *rows[2:]],
        lambda rows: [rows[0], "[]", *rows[2:]],
    ],
)
def test_an_edited_dropped_swapped_or_added_line_is_found(logged: Home, spoil):
    logged.audit_log.write_text("\n".join(spoil(logged.audit_log.read_text().splitlines())) + "\n")
    with pytest.raises(VerifyError, match=r"line [23] of the audit log"):
        verify_log(logged)


def test_a_line_cut_by_a_crash_was_never_a_line(logged: Home):
    with logged.audit_log.open("a") as file:
        file.write('{"sequence": 5, "wh')
    assert verify_log(logged) == 4
    append(logged, "resume", at=AT)
    assert verify_log(logged) == 5
    assert lines(logged)[-1].what == "resume"


def test_lines_cut_off_the_end_are_missed_by_the_releases(kept: Home):
    assert verify_log(kept) == 6
    kept.audit_log.write_text("\n".join(kept.audit_log.read_text().splitlines()[:2]) + "\n")
    with pytest.raises(VerifyError, match="no longer holds"):
        verify_log(kept)


def test_a_lost_log_is_missed_by_the_releases(kept: Home):
    kept.audit_log.unlink()
    with pytest.raises(VerifyError, match="no longer holds"):
        verify_log(kept)


def test_a_spoilt_log_is_not_written_on(logged: Home):
    logged.audit_log.write_text("spoilt\n")
    with pytest.raises(VerifyError):
        append(logged, "resume", at=AT)
    assert logged.audit_log.read_text() == "spoilt\n"


def test_many_writers_make_one_chain(home: Home):
    def write() -> None:
        for _ in range(10):
            append(home, "publish", at=AT)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert verify_log(home) == 40
