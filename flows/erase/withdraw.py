"""Consent that was withdrawn: the next night is made without the person, and here she leaves every kept release too."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from flows.erase.generation import renew
from flows.erase.held import release_folders, working
from flows.erase.keys import attached, begin, close
from flows.erase.models import mark_models
from flows.extract.pseudonymise import Key
from flows.publish import audit
from flows.publish.files import refusing
from flows.warehouse import Home

STAGE = "retention"


def withdraw(
    home: Home, key: Key, build_file: Path, *, at: datetime, fence: Callable[[], None] = lambda: None
) -> list[str]:
    """Takes out of each kept release who, by a build file, does not agree to analytics any more; the releases that have a new generation.

    Raw files keep her pseudonymised rows, from which the next night learns that she does not agree; `aftercare erase` removes these too.
    `fence` raises LeaseLostError, before a release is exchanged, once another run has taken the home over.
    """
    with working(home, key) as connection, refusing("taking out who withdrew consent"):
        begin(connection, [])
        with attached(connection, build_file, "build"):
            connection.execute(
                "insert into doomed select unnest([survivor_key, person_key]) from build.intermediate.int_survivor_row "
                "where bucket = 'excluded'"
            )
        connection.execute(
            "create or replace temp table doomed as select distinct key from doomed where key is not null"
        )
        renewed = []
        for folder in release_folders(home):
            with attached(connection, folder / "marts.duckdb", "kept") as relations:
                close(connection, relations)
            if renew(connection, home, folder, fence):
                renewed.append(folder.name)
    if renewed:
        audit.append(home, "withdraw", at=at, releases=renewed)
        mark_models(home, at=at)
    return renewed
