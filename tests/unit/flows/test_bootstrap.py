"""The weekly resampling: it resumes, ends as if it had not been interrupted, and keeps one release's."""

import duckdb
import numpy as np
import pytest

from flows import bootstrap as flow
from ml.duration import bootstrap, headline
from ml.duration.stays import stays
from tests.nights import settings_for
from tests.simulation.programme import Programme


@pytest.fixture
def live(tmp_path, monkeypatch):
    """A home whose live release has a headline; how many blocks were drawn."""
    frame, unrestored = Programme(offices=False, late=0.0).draw(np.random.default_rng(3), 150)
    found = headline.fit(stays(frame, unrestored), np.arange(150), frame["office_id"].map(lambda _: None))
    counted = []

    def block(given, *, seed, number):
        counted.append(number)
        if number == 2 and len(counted) == 3:
            raise KeyboardInterrupt
        return np.random.default_rng([seed, number]).random((bootstrap.BLOCK, *given.overall.estimate.shape))

    monkeypatch.setattr(flow, "release_folder", lambda home: tmp_path / "release")
    monkeypatch.setattr(flow.manifest, "read", lambda folder: {"release_id": "r2"})
    monkeypatch.setattr(flow, "_headline", lambda folder: found)
    monkeypatch.setattr(bootstrap, "block", block)
    (tmp_path / "home" / "bootstrap" / "r1").mkdir(parents=True)
    return settings_for(tmp_path / "home"), counted


def test_an_interrupted_run_goes_on_and_ends_as_if_it_had_not_been(live, tmp_path):
    settings, counted = live
    said = []
    with pytest.raises(KeyboardInterrupt):
        flow.bootstrap_live(settings, draws=50, say=said.append)
    done = flow.bootstrap_live(settings, draws=50, say=said.append)
    assert counted == [0, 1, 2, 2, 3, 4]
    assert said[2:5] == ["10 of 50 draws (kept from before)", "20 of 50 draws (kept from before)", "30 of 50 draws"]
    assert done.line.startswith("50 draws of release r2")
    own = tmp_path / "home" / "bootstrap"
    assert [path.name for path in own.iterdir()] == ["r2"]
    assert not list(own.glob("**/.building*"))
    rows = duckdb.sql(f"from '{own / 'r2' / flow.INTERVALS}' where state = 'restored' and day = 365").df()
    whole = np.concatenate([np.random.default_rng([settings.seed, n]).random((10, 61, 4)) for n in range(5)])
    assert rows["upper"][0] == pytest.approx(np.percentile(whole[:, 12, 0], 97.5))


def test_what_is_shown_are_figures_and_no_person(live):
    settings, counted = live
    counted += [9, 9, 9]
    rows = flow.bootstrap_live(settings, draws=200).rows
    assert [row["day"] for row in rows] == list(flow.SHOWN_DAYS)
    assert set(rows[0]) == {
        "curve_name", "state", "day", "estimate", "lower", "upper", "sandwich_lower", "sandwich_upper", "n_draws",
    }  # fmt: skip
