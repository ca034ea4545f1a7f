"""Stored models: what comes back is what was signed, or nothing does."""

import json
from datetime import date

import pandas as pd
import pytest

from ml import registry
from ml.risk.train import train

KEY, OTHER = b"k" * 32, b"o" * 32


@pytest.fixture(scope="module")
def trained(programme):
    return train(*programme(400), as_of=date(2026, 6, 30), seed=1)


@pytest.fixture
def stored(trained, tmp_path):
    return registry.save(tmp_path / "models", trained, KEY)


def test_what_is_stored_comes_back(trained, stored):
    back = registry.load(stored.parent, trained.model_id, KEY)
    assert (back.status, back.model_id, back.document) == (trained.status, trained.model_id, trained.document)
    for name in registry.FRAMES:
        pd.testing.assert_frame_equal(getattr(back, name), getattr(trained, name))


def test_storing_twice_is_storing_once(trained, stored):
    before = {path.name: path.stat().st_mtime_ns for path in stored.iterdir()}
    assert registry.save(stored.parent, trained, KEY) == stored
    assert {path.name: path.stat().st_mtime_ns for path in stored.iterdir()} == before
    assert [path.name for path in stored.parent.iterdir()] == [trained.model_id]


@pytest.mark.parametrize(
    "name",
    [
        "model.json",
        "model.json.hmac",
        "metric.parquet",
        "risk_indicator.parquet",
        "card.parquet",
        "fairness.parquet",
        "card.md",
        "datasheet.md",
    ],
)
@pytest.mark.fault("F69")
def test_a_changed_byte_is_refused(trained, stored, name):
    content = bytearray((stored / name).read_bytes())
    content[len(content) // 2] ^= 1
    (stored / name).write_bytes(content)
    with pytest.raises(registry.TamperedError, match=name.split(".")[0]):
        registry.load(stored.parent, trained.model_id, KEY)


@pytest.mark.parametrize("name", ["model.json", "model.json.hmac", "metric.parquet"])
def test_a_missing_file_is_refused(trained, stored, name):
    (stored / name).unlink()
    with pytest.raises(registry.TamperedError, match="missing"):
        registry.load(stored.parent, trained.model_id, KEY)


def test_nothing_is_parsed_before_it_is_verified(trained, stored, monkeypatch):
    (stored / "model.json").write_bytes(b"{not json")
    monkeypatch.setattr(registry.json, "loads", lambda _: pytest.fail("parsed"))
    with pytest.raises(registry.TamperedError):
        registry.load(stored.parent, trained.model_id, KEY)


def test_another_key_and_another_place_are_refused(trained, stored):
    with pytest.raises(registry.TamperedError):
        registry.load(stored.parent, trained.model_id, OTHER)
    elsewhere = "0" * 32
    stored.rename(stored.parent / elsewhere)
    with pytest.raises(registry.TamperedError):
        registry.load(stored.parent, elsewhere, KEY)


def test_a_tampered_model_is_not_overwritten_in_silence(trained, stored):
    (stored / "metric.parquet").write_bytes(b"x")
    with pytest.raises(registry.TamperedError):
        registry.save(stored.parent, trained, KEY)


@pytest.mark.parametrize("model_id", ["../../etc", "abc", "0" * 32])
def test_an_unknown_model_is_said_so(tmp_path, model_id):
    with pytest.raises(registry.UnknownModelError):
        registry.load(tmp_path, model_id, KEY)


def test_a_model_of_the_first_format_is_still_read(trained, tmp_path):
    home = registry.save(tmp_path, trained, KEY)
    payload = json.loads((home / "model.json").read_bytes())
    del payload["files"], payload["frames"]["fairness"]
    content = json.dumps(payload, sort_keys=True, separators=(",", ":")).encode()
    (home / "model.json").write_bytes(content)
    (home / "model.json.hmac").write_bytes(registry.sign(KEY, "model", trained.model_id, content))
    back = registry.load(tmp_path, trained.model_id, KEY)
    assert (len(back.fairness), back.texts) == (0, {})


def test_a_short_key_is_refused(trained, tmp_path):
    with pytest.raises(ValueError, match="at least 16 bytes"):
        registry.save(tmp_path, trained, b"short")
