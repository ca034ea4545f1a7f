"""What dbt has parsed is shared between homes, and a cache that can't be used is done without."""

import pytest

from flows import dbt_parsed

NAME = dbt_parsed.name_of("project", "{}", "3GB")


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr(dbt_parsed, "CACHE", tmp_path / "cache")
    return tmp_path / "cache"


def parsed(folder, content):
    folder.mkdir(exist_ok=True)
    (folder / dbt_parsed.PARSED).write_bytes(content)
    return folder


def test_a_new_home_gets_what_another_home_parsed(tmp_path, cache):
    dbt_parsed.keep(NAME, parsed(tmp_path / "first", b"manifest"))
    dbt_parsed.lay_out(NAME, tmp_path / "second")
    assert (tmp_path / "second" / dbt_parsed.PARSED).read_bytes() == b"manifest"


def test_what_a_home_has_itself_stays(tmp_path, cache):
    dbt_parsed.keep(NAME, parsed(tmp_path / "first", b"manifest"))
    dbt_parsed.lay_out(NAME, parsed(tmp_path / "second", b"its own"))
    assert (tmp_path / "second" / dbt_parsed.PARSED).read_bytes() == b"its own"


def test_other_settings_are_another_parse():
    assert len({NAME, dbt_parsed.name_of("project", "{}", "1GB"), dbt_parsed.name_of("other", "{}", "3GB")}) == 3


def test_a_cache_that_cannot_be_used_is_done_without(tmp_path, cache):
    dbt_parsed.lay_out(NAME, tmp_path / "home")
    assert list((tmp_path / "home").iterdir()) == []
    cache.write_text("a file where the folder should be")
    dbt_parsed.keep(NAME, parsed(tmp_path / "first", b"manifest"))
    dbt_parsed.lay_out(NAME, tmp_path / "home")
    assert list((tmp_path / "home").iterdir()) == []


def test_the_cache_does_not_grow_without_end(tmp_path, cache):
    for number in range(dbt_parsed.KEPT + 3):
        dbt_parsed.keep(dbt_parsed.name_of(str(number)), parsed(tmp_path / "home", b"manifest"))
    assert len(list(cache.iterdir())) == dbt_parsed.KEPT
