"""What a night for a date knows: which deliveries, which memory, which model."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from flows import history
from flows.errors import DeliveryError, Exit
from flows.estimates import need
from flows.extract.land import LANDING_VERSION, Extract
from flows.extract.pseudonymise import Key
from flows.extract.scope import known_by
from flows.night import OptionError, open_night
from flows.publish import audit
from flows.warehouse import Home
from ml import champions, registry
from ml.risk.train import train
from tests.nights import settings_for
from tests.unit.ml.conftest import programme as programme  # a fixture

KEY = Key(b"k" * 32)


def day(number: int) -> date:
    return date(2026, 11, number)


def landed(*landed_for: int | None) -> list[Extract]:
    """Deliveries extracted on the days 1, 2, …, landed for these days; None: in a home that does not know."""
    found = []
    for number, at in enumerate(landed_for, start=1):
        facts: dict[str, Any] = {"extracted_at": datetime(2026, 11, number, tzinfo=UTC).isoformat(), "key_id": "k"}
        facts |= {"landing_version": LANDING_VERSION, "mode": "full", "hash": f"h{number}"}
        found.append(Extract(Path(f"{number}"), number, facts | ({"landed_for": day(at).isoformat()} if at else {})))
    return found


@pytest.mark.parametrize(
    ("landed_for", "asked", "known"),
    [
        ((1, 2, 3), 1, [1]),
        ((1, 2, 3), 2, [1, 2]),
        ((1, 2, 3), 3, [1, 2, 3]),
        ((1, 2, 3), 9, [1, 2, 3]),
        ((1, 5), 4, [1]),
        ((1, 1, 3), 1, [1, 2]),
        ((None, None, None), 2, [1, 2]),
        ((9, 2, 3), 3, [1, 2, 3]),  # the first was landed for a date to come; the later ones stand on it
        ((9, 2, 3), 2, [1, 2]),
        ((5, 6, 1), 5, [1]),  # the last was landed for an early date, and was not known on day 5
        ((5, 6, 1), 1, [1, 2, 3]),
        ((), 1, []),
    ],
)
def test_what_had_landed_by_a_date(landed_for: tuple[int | None, ...], asked: int, known: list[int]) -> None:
    assert [extract.sequence for extract in known_by(landed(*landed_for), day(asked))] == known


def test_before_the_first_delivery_nothing_is_known() -> None:
    with pytest.raises(DeliveryError, match=r"take a date from 2026-11-02 on") as error:
        known_by(landed(2, 3), day(1))
    assert error.value.code == Exit.DELIVERY


def remember(home: Home, name: str, as_of: int, before: str | None, *extracts: int, **more: Any) -> None:
    folder = home.history / name
    folder.mkdir(parents=True)
    memory = history.Memory(name, day(as_of), before, extracts, f"fingerprint of {name}", **more)
    (folder / history.MEMORY).write_text(memory.as_json(), encoding="utf-8")
    audit.append(home, "publish", at=datetime(2026, 11, 22, tzinfo=UTC), release_id=name, previous=went_before(home))


def went_before(home: Home) -> str | None:
    lines = audit.lines(home)
    return lines[-1].release_id if lines else None


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Three nights, and the second made again, which is live."""
    home = Home(tmp_path / "home")
    remember(home, "2026-11-01-0001", 1, None, 1)
    remember(home, "2026-11-02-0002", 2, "2026-11-01-0001", 1, 2, accept=("delivery.gap",))
    remember(home, "2026-11-04-0003", 4, "2026-11-02-0002", 3)
    remember(home, "2026-11-02-0004", 2, "2026-11-01-0001", 1, 2, return_to="2026-11-04-0003")
    return home


def test_a_past_night_goes_on_from_where_it_went_on_from(home: Home) -> None:
    then, before = history.then(home, day(2), (1, 2))
    assert then
    assert (then.release_id, before, then.accept) == ("2026-11-02-0002", "2026-11-01-0001", ("delivery.gap",))
    assert history.then(home, day(1), (1,))[1] is None


def test_a_date_without_a_night_goes_on_from_the_night_before_it(home: Home) -> None:
    assert history.then(home, day(3), (1, 2)) == (None, "2026-11-02-0002")


def test_what_never_went_live_is_not_remembered(home: Home) -> None:
    names = [one.release_id for one in history.memories(home)]
    assert len(names) == 4
    folder = home.history / "2026-11-05-0005"
    folder.mkdir()
    memory = history.Memory(folder.name, day(5), names[2], (3,), "fingerprint")
    (folder / history.MEMORY).write_text(memory.as_json(), encoding="utf-8")
    assert [one.release_id for one in history.memories(home)] == names
    assert history.then(home, day(5), (3,)) == (None, "2026-11-04-0003")


def test_nights_of_the_present_never_go_on_from_a_past_one(home: Home) -> None:
    assert history.present(home, "2026-11-02-0004") == "2026-11-04-0003"
    assert history.present(home, "2026-11-02-0002") == "2026-11-02-0002"
    assert history.present(home, None) is None
    assert history.past_line(home, "2026-11-04-0003") is None
    assert "2026-11-02, an earlier date" in str(history.past_line(home, "2026-11-02-0004"))


def test_the_model_that_was_in_use_then_is_used_and_the_one_in_use_now_stays(programme: Any, tmp_path: Path) -> None:
    signing, folder = KEY.derive(need.SIGNING), tmp_path / "models"
    older, newer = (train(*programme(400), as_of=date(2026, 6, 30), seed=seed) for seed in (1, 2))
    for trained in (older, newer):
        registry.save(folder, trained, signing)
        champions.promote(folder, trained.model_id, signing)
    given = {"as_of": date(2026, 7, 1), "seed": 1}
    episodes, snapshots, scores = programme(400)
    frames = {"episodes": episodes, "snapshots": snapshots, "scores": scores}
    now = need.models(frames, folder, KEY, **given)
    then = need.models(frames, folder, KEY, **given, recalled=(older.model_id,))
    assert (now["card"]["model_id"].iloc[0], then["card"]["model_id"].iloc[0]) == (newer.model_id, older.model_id)
    assert need.copy_models(folder, KEY, tmp_path / "copy", recalled=(older.model_id,)) == [older.model_id]
    first = need.models(frames, folder, KEY, as_of=date(2026, 6, 30), seed=3, recalled=())
    assert first["card"]["model_id"].iloc[0] not in {older.model_id, newer.model_id}
    assert champions.champion(folder, signing, "need_not_restored_24m") == newer.model_id


def test_a_check_that_does_not_exist_cannot_be_accepted(tmp_path: Path) -> None:
    at = datetime(2026, 11, 2, tzinfo=UTC)
    with pytest.raises(OptionError) as error:
        open_night(settings_for(tmp_path), tmp_path, as_of=None, at=at, accept=frozenset({"no.such", "delivery.gap"}))
    assert (error.value.code, error.value.count) == (Exit.USAGE, 1)


def test_without_a_source_something_must_have_landed(tmp_path: Path) -> None:
    with pytest.raises(DeliveryError, match="nothing has landed yet"):
        open_night(settings_for(tmp_path), None, as_of=day(1), at=datetime(2026, 11, 2, tzinfo=UTC))
