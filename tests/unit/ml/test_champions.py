"""Which model is in use is a signed history; a person can go back, and what she took out of use stays out."""

from datetime import date

import pytest

from ml import champions, registry
from ml.risk.train import train

KEY, OTHER = b"k" * 32, b"o" * 32
NAME = "need_not_restored_24m"


@pytest.fixture(scope="module")
def three(programme):
    return [train(*programme(300), as_of=date(2026, 6, 30), seed=seed) for seed in (1, 2, 3)]


@pytest.fixture
def folder(three, tmp_path):
    for one in three:
        registry.save(tmp_path, one, KEY)
        champions.promote(tmp_path, one.model_id, KEY)
    return tmp_path


def test_the_last_promoted_is_in_use_and_twice_is_once(folder, three):
    champions.promote(folder, three[-1].model_id, KEY)
    assert champions.champion(folder, KEY, NAME) == three[-1].model_id
    assert [step.model_id for step in champions.steps(folder, KEY, NAME)] == [one.model_id for one in three]
    assert champions.champion(folder, KEY, "need_lost_12m") is None


def test_a_rollback_goes_to_the_one_before_and_no_training_brings_it_back(folder, three):
    first, second, third = (one.model_id for one in three)
    assert champions.rollback(folder, KEY, NAME) == second
    assert champions.champion(folder, KEY, NAME) == second
    assert champions.withdrawn(folder, KEY, NAME) == {third}
    with pytest.raises(ValueError, match="took this model out of use"):
        champions.promote(folder, third, KEY)
    assert champions.rollback(folder, KEY, NAME) == first
    with pytest.raises(champions.NoEarlierModelError):
        champions.rollback(folder, KEY, NAME)
    assert champions.rollback(folder, KEY, NAME, third) == third  # a person may
    assert champions.withdrawn(folder, KEY, NAME) == {first, second}


def test_what_was_never_in_use_cannot_be_returned_to(folder):
    for name, to in ((NAME, "0" * 32), ("need_lost_12m", None)):
        with pytest.raises(champions.NoEarlierModelError):
            champions.rollback(folder, KEY, name, to)


@pytest.mark.parametrize("harm", ["id", "middle", "name", "key", "kind"])
def test_a_changed_history_is_refused(folder, harm):
    path = folder / f"champion-{NAME}"
    lines = path.read_bytes().splitlines(keepends=True)
    if harm == "id":
        path.write_bytes(b"".join(lines[:-1]) + lines[-1][:-3] + b"00\n")
    elif harm == "middle":
        path.write_bytes(lines[0] + lines[2])
    elif harm == "kind":
        path.write_bytes(b"".join(lines).replace(b"promote", b"rollback"))
    elif harm == "name":
        path.rename(folder / "champion-need_lost_12m")
    name = "need_lost_12m" if harm == "name" else NAME
    with pytest.raises(registry.TamperedError):
        champions.champion(folder, OTHER if harm == "key" else KEY, name)


def test_only_a_trained_model_is_promoted(programme, tmp_path):
    refused = train(*programme(20), as_of=date(2026, 6, 30), seed=1)
    registry.save(tmp_path, refused, KEY)
    assert registry.load(tmp_path, refused.model_id, KEY).risk_indicator.empty
    with pytest.raises(ValueError, match="refused"):
        champions.promote(tmp_path, refused.model_id, KEY)
