import pytest

from flows.errors import HomeError
from flows.publish import steps
from flows.publish.audit import lines
from flows.publish.release import assemble, current_release, next_sequence, open_release, prune, releases, rollback
from flows.warehouse import Home
from tests.unit.publish.builds import AT, make_facts, publish_one

ONE, TWO, THREE = "2026-11-01-0001", "2026-11-01-0002", "2026-11-01-0003"


def names(home: Home) -> list[str]:
    return [release.release_id for release in releases(home)]


def test_releases_are_listed_newest_first_with_what_matters(kept: Home):
    newest, *_, oldest = releases(kept)
    assert names(kept) == [THREE, TWO, ONE]
    assert (newest.is_current, oldest.is_current) == (True, False)
    assert (newest.as_of, newest.n_episodes, oldest.n_episodes) == ("2026-11-01", 900, 300)
    assert newest.n_survivors == 450
    assert newest.size_bytes > 100_000
    assert newest.n_rows > newest.n_episodes


def test_an_empty_home_lists_nothing(home: Home):
    assert releases(home) == []
    assert current_release(home) is None
    assert next_sequence(home) == 1


def test_f62_what_is_half_built_is_never_listed_and_cleared_by_the_next(kept: Home, build):
    half = kept.releases / ".building-2026-11-01-0007"
    half.mkdir()
    (half / "manifest.json").write_text("{}")
    (kept.releases / ".removing-2026-11-01-0000").mkdir(mode=0o500)
    (kept.root / ".current-x").symlink_to("nowhere")
    assert names(kept) == [THREE, TWO, ONE]
    assert next_sequence(kept) == 8
    publish_one(kept, build)
    assert names(kept) == ["2026-11-01-0008", THREE, TWO, ONE]
    assert {path.name for path in kept.releases.iterdir()} == set(names(kept))
    assert not list(kept.root.glob(".current-*"))
    assert ("sweep", [".building-2026-11-01-0007", ".removing-2026-11-01-0000"]) in [
        (line.what, line.facts.get("removed")) for line in lines(kept)
    ]


@pytest.mark.parametrize("broken", ["manifest.json", "marts.duckdb"])
def test_f62_a_release_without_a_part_of_it_is_not_listed(kept: Home, broken: str):
    (kept.releases / TWO).chmod(0o700)
    (kept.releases / TWO / broken).unlink()
    assert names(kept) == [THREE, ONE]
    assert rollback(kept, at=AT) == ONE


def test_a_release_that_never_went_live_is_not_listed_and_cleared(kept: Home, build):
    class Died(BaseException):
        pass

    def die(name: str) -> None:
        if name == "flip":
            raise Died

    with steps.hooked(die), pytest.raises(Died):
        publish_one(kept, build)
    assert (kept.releases / "2026-11-01-0004").is_dir()
    assert names(kept) == [THREE, TWO, ONE]
    assert publish_one(kept, build) == "2026-11-01-0005"
    assert names(kept) == ["2026-11-01-0005", THREE, TWO, ONE]
    assert not (kept.releases / "2026-11-01-0004").exists()


@pytest.mark.parametrize("lost", ["current", "audit.log"])
def test_a_lost_link_or_log_never_costs_a_release(kept: Home, build, lost: str):
    (kept.root / lost).unlink()
    assemble(kept, build, make_facts(kept), models_folder=None)
    assert names(kept) == [THREE, TWO, ONE]


def test_a_release_rolled_back_from_stays_listed(kept: Home, build):
    rollback(kept, ONE, at=AT)
    assert names(kept) == [THREE, TWO, ONE]


def test_prune_keeps_the_newest_and_the_live_one(kept: Home):
    rollback(kept, ONE, at=AT)
    assert prune(kept, 1, at=AT) == [TWO]
    assert names(kept) == [THREE, ONE]
    assert prune(kept, 1, at=AT) == []
    assert (lines(kept)[-1].what, lines(kept)[-1].release_id) == ("prune", TWO)
    with pytest.raises(HomeError, match="at least one"):
        prune(kept, 0, at=AT)


def test_a_reader_of_a_pruned_release_reads_on(kept: Home):
    with open_release(kept, ONE) as reader:
        assert prune(kept, 2, at=AT) == [ONE]
        assert reader.execute("select count(*) from core.fct_episode").fetchall() == [(300,)]


def test_what_is_not_a_link_is_not_touched(home: Home):
    home.current.mkdir()
    with pytest.raises(HomeError, match="not a link"):
        current_release(home)
