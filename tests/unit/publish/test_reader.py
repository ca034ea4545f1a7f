import duckdb
import pytest

from flows.errors import NothingPublishedError
from flows.publish.release import open_release, release_folder, rollback
from flows.warehouse import Home
from tests.unit.publish.builds import AT

THREE = "2026-11-01-0003"


def test_the_marts_are_the_default_catalog(kept: Home):
    with open_release(kept) as reader:
        assert reader.execute("select count(*) from core.fct_episode").fetchall() == [(900,)]
        assert reader.execute("select count(*) from marts.core.fct_episode").fetchall() == [(900,)]
        assert reader.execute("select release_id from meta.release").fetchall() == [(THREE,)]


@pytest.mark.parametrize(
    "query",
    [
        "copy core.fct_episode to '{out}'",
        "export database '{out}'",
        "select * from read_csv('{log}')",
        "select * from read_text('{log}')",
        "select * from '{other}'",
        "select * from glob('/*')",
        "attach '{other}' as other",
        "attach '{out}' as other",
        "install httpfs",
        "load httpfs",
        "create table core.mine (a int)",
        "drop table core.fct_episode",
        "delete from core.fct_episode",
        "insert into core.dim_office select * from core.dim_office",
        "set enable_external_access = true",
        "set lock_configuration = false",
        "set temp_directory = '{out}'",
        "set time zone 'Asia/Manila'",
        "create persistent secret (type s3)",
        "detach marts",
    ],
)
def test_p8_nothing_but_the_release_is_in_reach(kept: Home, tmp_path, query: str):
    query = query.format(
        out=tmp_path / "out", log=kept.audit_log, other=kept.releases / "2026-11-01-0001" / "marts.duckdb"
    )
    with open_release(kept) as reader:
        with pytest.raises(duckdb.Error):
            reader.execute(query).fetchall()
        assert reader.execute("select count(*) from core.fct_episode").fetchall() == [(900,)]
    assert not (tmp_path / "out").exists()


def test_the_real_path_is_opened_so_two_readers_in_a_process_can_see_two_releases(kept: Home):
    assert release_folder(kept) == (kept.releases / THREE).resolve()
    with open_release(kept) as old, open_release(kept) as same:
        rollback(kept, at=AT)
        with open_release(kept) as new, open_release(kept, "2026-11-01-0001") as named:
            seen = [c.execute("select max(region) from core.dim_office").fetchall() for c in (old, same, new, named)]
    assert seen == [[("stamp 3",)], [("stamp 3",)], [("stamp 2",)], [("stamp 1",)]]


def test_nothing_published_is_said_so(home: Home):
    with pytest.raises(NothingPublishedError, match="nothing is published"):
        open_release(home)


def test_an_unknown_release_is_said_so(kept: Home):
    with pytest.raises(NothingPublishedError, match="no such release"):
        open_release(kept, "2026-11-01-0009")
