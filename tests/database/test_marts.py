"""Folder and database lead to the same marts: nights played into both, through landing, dbt and publication."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from flows.extract.database import DatabaseDelivery
from flows.extract.open import Source, open_source
from flows.extract.source import Delivery
from flows.extract.url import DatabaseUrl
from flows.night import Unchanged
from flows.run import run_night
from flows.stages import NIGHTLY
from flows.warehouse import connect
from tests.database.readings import dated, nights, play
from tests.nights import settings_for

STAGES = tuple(stage for stage in NIGHTLY if stage.name in {"land delivery", "build marts", "publish"})
# They name the delivery: how it came and how many rows it brought.
OF_THE_DELIVERY = {"meta.extract", "meta.release", "quality.check"}


class Silent:
    """Hears nothing."""

    def begin(self, *_: object) -> None: ...
    def step(self, *_: object) -> None: ...
    def node(self, *_: object) -> None: ...
    def end(self, *_: object) -> None: ...


def night(home: Path, source: Source, as_of: date) -> dict[str, object] | Unchanged:
    """The content hash of each table of the night's release, and what its checks found in the marts."""
    made = run_night(settings_for(home), source, Silent(), as_of=as_of, stages=STAGES)
    if isinstance(made, Unchanged):
        return made
    tables = json.loads((made / "manifest.json").read_text(encoding="utf-8"))["tables"]
    with connect(made / "marts.duckdb", read_only=True) as marts:
        checks = marts.execute(
            "select check_id, status, n_checked, n_failed from quality.\"check\" where not ends_with(check_id, '.not_empty') "
            "order by all"
        ).fetchall()
    hashes = {name: facts["content_hash"] for name, facts in tables.items() if name not in OF_THE_DELIVERY}
    return {**hashes, "quality.check": checks}


def happened(deliveries: list[Path]) -> dict[str, int]:
    """How many survivors and services were new, changed, merged, soft-deleted and hard-deleted between the nights."""
    counted: dict[str, int] = {}
    with connect() as connection:
        for before, after in pairwise(deliveries):
            for table, key in (("survivors", "survivor_id"), ("support_services", "support_service_id")):
                merged = "new.merged_into is not null and old.merged_into is null" if table == "survivors" else "false"
                found = connection.execute(
                    f"""select count(*) filter (where old.{key} is null) as new, count(*) filter (where new.{key} is null) as gone,
                        count(*) filter (where new.modified_at > old.modified_at) as changed,
                        count(*) filter (where new.is_deleted and not old.is_deleted) as soft_deleted,
                        count(*) filter (where {merged}) as merged
                    from '{before}/{table}.parquet' as old full join '{after}/{table}.parquet' as new using ({key})"""
                ).fetchall()[0]
                for kind, count in zip(("new", "gone", "changed", "soft_deleted", "merged"), found, strict=True):
                    name = kind if kind == "merged" else f"{table} {kind}"
                    counted[name] = counted.get(name, 0) + count
    return counted


@pytest.mark.slow  # test_readings.py holds in CI that what is landed is the same; the marts come of nothing else
@pytest.mark.parametrize("number", [3, 7])
def test_nights_give_the_same_marts_from_a_folder_and_from_a_database(
    tmp_path: Path, database: DatabaseUrl, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    of_folder, of_database = tmp_path / "of folder", tmp_path / "of database"
    of_folder.mkdir()
    of_database.mkdir()
    deliveries = nights(tmp_path, number, merged_share=0.06)
    assert all(happened(deliveries).values()), "each kind of change happens between the nights"
    for played, delivery in enumerate(deliveries):
        moment = json.loads((delivery / "manifest.json").read_text(encoding="utf-8"))["extracted_at"]
        as_of = datetime.fromisoformat(moment).date()

        def open_at(source: Source, *given: object, at: str = moment, **more: object) -> Delivery:
            opened = open_source(source, *given, **more)  # type: ignore[arg-type]
            return dated(opened, at) if isinstance(opened, DatabaseDelivery) else opened

        monkeypatch.setattr("flows.known.open_source", open_at)
        play(database, delivery)
        with ThreadPoolExecutor(2) as both:
            made = [both.submit(night, *one, as_of) for one in ((of_folder, delivery), (of_database, database))]
        from_folder, from_database = (one.result() for one in made)
        assert from_database == from_folder
        extract = json.loads(sorted((of_database / "raw").glob("*/extract.json"))[-1].read_text(encoding="utf-8"))
        assert extract["mode"] == ("incremental" if played else "full")
    assert isinstance(night(of_database, database, as_of), Unchanged), "the same state again is nothing to do"
    assert not list(of_database.glob(".reading*")), "nothing is left of what was read"
