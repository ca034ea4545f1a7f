"""What the checks of the marts find in planted defects, and how often they speak on clean nights: docs/quality.md.

make quality          # NIGHTS=200: clean nights simulated

A clean night is the clean control with its survivors drawn anew, with replacement, each with all that is theirs; the nights before it
are the ones it is compared with. Real nights share most rows with the one before, so what is said of volumes and distributions is
on the safe side.
"""

import argparse
import tempfile
from collections import Counter
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from expectations import gx
from expectations.checks import Check, Count
from expectations.suites import registry
from flows.extract.simulate import Parameters, write_delivery
from tests.faults import defects
from tests.faults.rebuild import CHECK_MODELS, counts, open_copy, rebuild
from tests.nights import built

PAGE = Path(__file__).parents[1] / "docs" / "quality.md"
SURVIVORS, SEED, NIGHTS_BEFORE = 1000, 20261101, 7
# Table -> the key by which its rows belong to a survivor.
LINKS = {
    "person": ["intermediate.int_survivor_row"],
    "episode_key": [
        "intermediate.int_episode_row", "intermediate.int_assessment_row", "intermediate.int_community_row", "intermediate.int_health_row",
        "intermediate.int_support_row", "intermediate.int_episode", "intermediate.int_assessment", "core.fct_episode",
        "aso.fct_assessment", "aso.snapshot", "services.timeline", "services.episode_month",
    ],
    "assessment_key": ["intermediate.int_score_row", "aso.fct_score", "intermediate.int_stage"],
}  # fmt: skip
COMPARES = ("int_night_count", *CHECK_MODELS)


def clean_build(folder: Path) -> tuple[Path, Path]:
    """The build file of a clean simulated delivery, and dbt's target folder."""
    parameters = Parameters(survivors=SURVIVORS)
    write_delivery(folder / "delivery", parameters)
    return built([folder / "delivery"], folder / "home", folder / "target", as_of=parameters.as_of), folder / "target"


def exceeded(found: dict[str, tuple[int, int]]) -> set[str]:
    """The checks whose limits the counts exceed."""
    rulings = gx.exceeded(registry("marts"), {check: Count(*count) for check, count in found.items()})
    assert set(rulings) == {check.check_id for check in registry("marts")}
    return {check for check, is_exceeded in rulings.items() if is_exceeded}


def planted(build_file: Path, target: Path, folder: Path) -> dict[str, tuple[Count, bool]]:
    """check -> what is counted where it is planted, and whether it fires."""
    found: dict[str, tuple[Count, bool]] = {}
    for group in (defects.many(), defects.OFFICES, defects.FOLLOW_UP):
        with open_copy(build_file, folder / "build.duckdb") as connection:
            for statement in group.values():
                connection.execute(statement)
            rebuild(connection, target)
            _note(found, counts(connection), {*group, *(defects.BESIDES if group is not defects.OFFICES else ())})
    with open_copy(build_file, folder / "build.duckdb") as connection:
        for statement in dict.fromkeys(defects.BROKEN.values()):
            connection.execute("begin")
            connection.execute(statement)
            rebuild(connection, target, CHECK_MODELS)
            _note(found, counts(connection), {check for check, one in defects.BROKEN.items() if one == statement})
            connection.execute("rollback")
    return found


def _note(found: dict[str, tuple[Count, bool]], counted: dict[str, tuple[int, int]], checks: set[str]) -> None:
    """Keeps what was counted for these checks and their twins, where it was not kept before."""
    fired = exceeded(counted)
    for check in registry("marts"):
        if (check.check_id in checks or check.same_count_as in checks) and check.check_id not in found:
            found[check.check_id] = (Count(*counted[check.check_id]), check.check_id in fired)


def draw(connection: duckdb.DuckDBPyConnection, rng: np.random.Generator) -> None:
    """Fills the tables that checks read with survivors drawn anew from the schema `clean`; keys get the number of the draw."""
    people = connection.execute("select distinct person_key from clean.int_survivor_row order by 1").df()["person_key"]
    drawn = pd.DataFrame({"person": rng.choice(people, len(people)), "draw": np.arange(len(people)).astype(str)})
    connection.register("drawn", drawn)
    connection.execute("create or replace temp table own_person as select * from drawn")
    connection.execute(
        "create or replace temp table own_episode_key as select distinct e.episode_key, d.draw from clean.int_episode_row e "
        "join own_person d on e.survivor_key = d.person"
    )
    connection.execute(
        "create or replace temp table own_assessment_key as select distinct a.assessment_key, d.draw from clean.int_assessment_row a "
        "join own_episode_key d using (episode_key)"
    )
    for link, tables in LINKS.items():
        for table in tables:
            name, key = table.split(".")[1], "person_key" if link == "person" else link
            columns = connection.execute(f"describe clean.{name}").df()["column_name"]
            keys = [
                column for column in columns if column.endswith("_key") and column not in ("assessor_key", "case_key")
            ]
            renamed = ", ".join(f"t.{column} || '-' || d.draw as {column}" for column in keys)
            connection.execute(f"delete from {table}")
            connection.execute(
                f"insert into {table} select t.* replace ({renamed}) from clean.{name} t join own_{link} d on t.{key} = d.{link}"
            )


def clean_nights(build_file: Path, target: Path, folder: Path, n_nights: int) -> list[set[str]]:
    """The checks that speak on each clean night."""
    rng, spoken, before = np.random.default_rng(SEED), [], []
    with open_copy(build_file, folder / "build.duckdb") as connection:
        connection.execute("create schema clean")
        for table in (table for tables in LINKS.values() for table in tables):
            connection.execute(f"create table clean.{table.split('.')[1]} as from {table}")
        for number in range(n_nights + NIGHTS_BEFORE):
            draw(connection, rng)
            connection.execute("delete from raw.recent_counts")
            for night in before[-NIGHTS_BEFORE:]:
                connection.register("night", night)
                connection.execute("insert into raw.recent_counts select check_id, code, n from night")
            rebuild(connection, target, COMPARES)
            before.append(connection.execute("from intermediate.int_night_count").df())
            if number >= NIGHTS_BEFORE:
                spoken.append(exceeded(counts(connection)))
    return spoken


def page(found: dict[str, tuple[Count, bool]], nights: list[set[str]], speaking: set[str]) -> str:
    """docs/quality.md."""
    alarms = Counter(check for night in nights for check in night - speaking)
    loud = sum(bool(night - speaking) for night in nights)
    rows = [_row(check, found, alarms) for check in registry("marts")]
    head = [
        "<!-- Written by benchmarks/quality.py: `make quality`. -->\n",
        "# What the checks find, and how often they speak for nothing\n",
        f"A clean simulated delivery of {SURVIVORS:,} survivors is the control: {len(speaking)} of {len(rows)} checks of the marts door "
        "speak on it. Defects are planted in copies of its build file, the compiled models run anew, and the counts are judged.\n",
        f"Planted and found: {sum(fired for _, fired in found.values())} of {len(rows)} checks. Clean nights: {len(nights)}; "
        f"nights on which any check spoke: {loud} ({100 * loud / len(nights):.1f} %).\n",
        "A clean night is the control with its survivors drawn anew, with replacement, each with all that is theirs, compared with the "
        "seven nights drawn before it. Checks of the landing door are planted in tests/faults/test_delivery_refused.py and "
        "test_small_faults.py, those of the estimates door in tests/unit/expectations/test_estimates.py.\n",
        "| check | on its planted defect | found | false alarms |\n| --- | ---: | --- | ---: |",
    ]
    return "\n".join([*head, *rows]) + "\n"


def _row(check: Check, found: dict[str, tuple[Count, bool]], alarms: Counter[str]) -> str:
    count, fired = found.get(check.check_id, (None, False))
    told = f"{count.n_failed:,} of {count.n_checked:,}" if count else "not planted"
    return f"| `{check.check_id}` | {told} | {'yes' if fired else 'NO'} | {alarms[check.check_id]} |"


def main() -> None:
    """Measure, print and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nights", type=int, default=200)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        build_file, target = clean_build(folder)
        with duckdb.connect(str(build_file), read_only=True) as connection:
            speaking = exceeded(counts(connection))
        found = planted(build_file, target, folder)
        nights = clean_nights(build_file, target, folder, arguments.nights)
    text = page(found, nights, speaking)
    PAGE.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
