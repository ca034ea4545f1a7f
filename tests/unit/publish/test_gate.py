"""F71: what is about to leave is read back, and a number that may not be said stops the release."""

import csv
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flows.errors import VerifyError
from flows.publish import content
from flows.publish.gate import check_share
from flows.publish.release import current_release
from flows.publish.share import write_share
from flows.publish.sharing.cells import Row, State
from flows.publish.sharing.columns import COLUMNS
from flows.warehouse import Home, connect
from tests.unit.publish.builds import make_build, make_facts, publish_one
from tests.unit.publish.share_builds import make_full_build


@pytest.fixture(scope="module")
def full(workshop: Path) -> tuple[Path, Path]:
    """A build with rows behind every shared table, and the tables."""
    build = make_full_build(workshop / "gate.duckdb", n=300)
    write_share(build, workshop / "gate-share", make_facts(Home(workshop), sequence=1))
    return build, workshop / "gate-share"


@pytest.fixture
def check(full: tuple[Path, Path], tmp_path: Path) -> Iterator[Callable[..., None]]:
    """Checks the tables after one line of one of them was changed."""
    share = Path(shutil.copytree(full[1], tmp_path / "share"))
    with connect() as connection:
        content.attach(connection, full[0], "marts")

        def changed(table: str, at: Callable[[dict[str, str]], bool], past: State | None = None, **to: str) -> None:
            path = share / f"{table}.csv"
            with path.open(newline="") as file:
                rows = list(csv.DictReader(file))
            row = next(row for row in rows if at(row))
            row.update(to)
            with path.open("w", newline="") as file:
                writer = csv.DictWriter(file, COLUMNS[table], lineterminator="\n")
                writer.writeheader()
                writer.writerows(rows)
            check_share(share, connection, threshold=11, past=past)

        yield changed


def is_shown(row: dict[str, str]) -> bool:
    return row["status"] != "hidden"


def is_hidden(row: dict[str, str]) -> bool:
    return row["status"] == "hidden"


def test_what_was_written_passes(check: Callable[..., None]):
    check("episodes_by_office", is_shown)


@pytest.mark.parametrize(
    ("table", "at", "to", "rule"),
    [
        ("episodes_by_gender", is_shown, {"n_episodes": "7"}, "off the grid or too small"),
        ("episodes_by_gender", is_shown, {"n_episodes": "101"}, "off the grid"),
        (
            "episodes_by_outcome",
            lambda row: row["group"] == "open",
            {"n_episodes": "15", "status": "shown"},
            "not what the marts allow",
        ),
        ("episodes_by_outcome", is_hidden, {"percent": "3"}, "hidden says a number"),
        ("domain_changes", is_hidden, {"n": "15", "status": "shown"}, "not what the marts allow"),
        (
            "partners",
            lambda row: row["partner_id"].startswith("P4"),
            {"n": "15", "status": "estimated"},
            "not what the marts allow",
        ),
        ("partners", is_hidden, {"expected": "0.3"}, "hidden says a number"),
        ("training_needs", is_hidden, {"ratio": "0.9"}, "hidden says a number"),
        ("fairness", is_hidden, {"n_positive": "15"}, "hidden says a number"),
        ("optimal_time", is_hidden, {"estimate_months": "14"}, "hidden says a number"),
        ("service_effects", is_hidden, {"wording": "9 people"}, "hidden says a number"),
        ("service_descriptions", is_hidden, {"n": "15", "status": "shown"}, "not what the marts allow"),
        ("exclusions", is_hidden, {"n_survivors": "15", "status": "shown"}, "not what the marts allow"),
        ("curves", is_shown, {"n_at_risk": "9"}, "too small"),
        ("trainings", lambda _: True, {"topic": "0123456789abcdef0123456789abcdef"}, "key of a person"),
    ],
)
def test_F71_a_number_that_may_not_be_said_is_refused(
    check: Callable[..., None], table: str, at: Callable[[dict[str, str]], bool], to: dict[str, str], rule: str
):
    with pytest.raises(VerifyError, match=rule) as refused:
        check(table, at, **to)
    assert refused.value.table == f"share/{table}.csv"


def test_F71_a_lone_hidden_group_is_refused(tmp_path: Path):
    build = make_build(tmp_path / "b.duckdb")  # three offices of a hundred each
    write_share(build, tmp_path / "share", make_facts(Home(tmp_path), sequence=1))
    path = tmp_path / "share" / "episodes_by_office.csv"
    text = path.read_text()
    path.write_text(text.replace("O0,North,100,33,shown", "O0,North,,,hidden"))
    assert path.read_text() != text
    with connect() as connection:
        content.attach(connection, build, "marts")
        with pytest.raises(VerifyError, match="follows from the total"):
            check_share(tmp_path / "share", connection, threshold=11)


def test_F71_what_was_published_before_and_may_not_move_yet_passes(check: Callable[..., None]):
    def past(n: int) -> State:
        return State("2026-11", 11, "d", {"exclusions": {("erased",): Row(("erased",), {"n": n})}}, {})

    check("exclusions", is_hidden, past(15), n_survivors="15", status="shown")
    with pytest.raises(VerifyError, match="not what the marts allow"):
        check("exclusions", is_shown, past(10), n_survivors="25", status="shown", reason="erased")


def test_F71_a_column_or_a_file_too_few_is_refused(full: tuple[Path, Path], tmp_path: Path):
    share = Path(shutil.copytree(full[1], tmp_path / "share"))
    with connect() as connection:
        content.attach(connection, full[0], "marts")
        (share / "history.csv").write_text("release_id,n\n")
        with pytest.raises(VerifyError, match="other columns"):
            check_share(share, connection, threshold=11)
        (share / "history.csv").unlink()
        with pytest.raises(VerifyError, match="cannot be read back"):
            check_share(share, connection, threshold=11)


def test_F71_a_writer_that_forgets_the_rule_publishes_nothing(
    full: tuple[Path, Path], home: Home, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("flows.publish.sharing.render.rounded", lambda count, threshold: count)
    monkeypatch.setattr("flows.publish.sharing.protect.linked_hidden", lambda counts, **_: NOTHING_HIDDEN)
    with pytest.raises(VerifyError, match="off the grid or too small"):
        publish_one(home, full[0])
    assert current_release(home) is None
    assert not list(home.releases.glob("*"))


class _Nothing:
    cells: frozenset[str] = frozenset()
    total = False


NOTHING_HIDDEN = _Nothing()
