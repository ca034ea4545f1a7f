"""Too little memory: what is held spills, encrypted, or is refused with nothing left of it. F52, R27."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest

from flows.dbt_build import build_marts
from flows.errors import Exit, HomeError
from flows.extract.simulate import Parameters, write_delivery
from flows.publish.files import remove_tree
from flows.publish.release import content_hashes, current_release, releases
from flows.warehouse import Home
from tests.conftest import WholeNight, aftercare
from tests.nights import ready
from tests.unit.publish.builds import make_build, publish_one, query, tree

ROWS = 400_000


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    monkeypatch.setattr("flows.publish.report.draw.drawings", lambda requests: [None] * len(requests))
    home = Home(tmp_path / "home")
    home.root.mkdir()
    yield home
    remove_tree(home.root)


def large(path: Path) -> Path:
    """A build file with a table of 400,000 rows of text, in no order."""
    make_build(path)
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "insert into aso.fct_score (assessment_key, episode_key, indicator_code, score_status) "
            f"select md5(i::varchar), md5((i // 20)::varchar), 'SAF1', md5((-i)::varchar) from range({ROWS}) as r(i) order by hash(i)"
        )
    return path


def test_F52_under_a_small_limit_a_release_spills_or_is_refused_and_nothing_is_left(home: Home, tmp_path: Path) -> None:
    build = large(tmp_path / "build.duckdb")
    live = publish_one(home, make_build(tmp_path / "first.duckdb"))
    before = tree(home.releases)
    with pytest.raises(HomeError, match="no memory") as refused:
        publish_one(home, build, memory_limit="8MB", threads=1)
    assert refused.value.code == Exit.HOME
    assert "memory limit" in refused.value.next_step
    assert current_release(home) == live
    assert tree(home.releases) == before
    name = publish_one(home, build, memory_limit="60MB", threads=1)
    assert [release.release_id for release in releases(home)] == [name, live]
    assert content_hashes(home.current / "marts.duckdb")["aso.fct_score"] == content_hashes(build)["aso.fct_score"]
    assert not list((home.releases / name).rglob("*spill*"))


def test_F52_marts_that_do_not_fit_the_limit_spill_and_are_built(tmp_path: Path) -> None:
    """140 MB for 4,000 survivors: several nodes leave temporary files, beside which dbt opens its next connection."""
    delivery = write_delivery(tmp_path / "delivery", Parameters(survivors=4000), fmt="parquet").folder
    night = ready([delivery], tmp_path / "home", as_of=date(2026, 11, 1))
    statuses = build_marts(night.folder, tmp_path / "dbt", memory_limit="140MB")
    assert set(statuses) == {"success", "pass"}
    assert query(night.build_file, "select count(*) > 4000 from core.fct_episode") == [(True,)]


@pytest.mark.slow
@pytest.mark.parametrize("limit", ["150MB", "40MB"])
def test_F52_a_whole_night_under_a_small_limit_makes_the_same_release_or_none(
    clean_night: WholeNight, a_copy: Callable[[WholeNight], WholeNight], tmp_path: Path, limit: str
) -> None:
    new = tmp_path / "new"
    done = aftercare(
        "nightly",
        "--source",
        clean_night.delivery,
        home=new,
        key_file=clean_night.key_file,
        AFTERCARE_MEMORY_LIMIT=limit,
    )
    if done.returncode == 0:
        assert content_hashes(new / "current" / "marts.duckdb") == content_hashes(
            clean_night.home / "current" / "marts.duckdb"
        )
    else:
        assert done.returncode in (Exit.HOME, Exit.DBT, Exit.ESTIMATES), done.stderr
        assert not (new / "current").is_symlink()
        assert "refused (exit" in done.stderr
    print(f"{limit}: exit {done.returncode}")
    remove_tree(new)
