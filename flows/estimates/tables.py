"""The marts as data frames for `ml`, and its frames back into the build file."""

from collections.abc import Sequence
from pathlib import Path

import duckdb
import pandas as pd

from flows.stage import Done
from flows.warehouse import connect

STAGE = "estimates"
# The frames that `ml` gets: the columns of its contracts, scores on the instrument's common scale; sorted so that nothing depends
# on the order in a file.
FRAMES = {
    "episodes": "select * from core.fct_episode order by episode_key",
    # Days on which an assessment with enough domains found her not restored, and the first total score.
    "unrestored": (
        "select episode_key, day from aso.fct_assessment where n_domains >= "
        "(select value::integer from meta.definition where name = 'minimum_scored_domains') "
        "group by episode_key, day having not bool_or(is_restored) order by episode_key, day"
    ),
    # The same with the cut-off one step lower or higher, and where restoration then lies.
    "unrestored_variant": (
        "select variant, episode_key, day from intermediate.int_assessment_variant "
        "group by variant, episode_key, day having not bool_or(is_restored) order by variant, episode_key, day"
    ),
    "restoration_variant": (
        "select variant, episode_key, restored_left_day, restored_right_day from intermediate.int_restoration_variant "
        "order by variant, episode_key"
    ),
    # Each assessment with enough domains, one a day: what was known when the next was due.
    "visits": (
        "select episode_key, day, bool_or(is_restored) as is_restored, max(total) as total, "
        "min(instrument_version) as instrument_version from aso.fct_assessment where n_domains >= "
        "(select value::integer from meta.definition where name = 'minimum_scored_domains') "
        "group by episode_key, day order by episode_key, day"
    ),
    "initial": "select episode_key, total from aso.snapshot where stage = 'initial' order by episode_key",
    "snapshots": (
        "select episode_key, stage, assessment_key, day, total from aso.snapshot where stage in ('initial', 'mid') "
        "order by episode_key, stage"
    ),
    "languages": "select survivor_key, language_group from core.dim_survivor order by survivor_key",
    "capacity": "select value::double as capacity from meta.definition where name = 'support_capacity'",
    "scores": (
        "select score.assessment_key, score.indicator_code, score.domain_code, "
        "if(score.is_quarantined, 'quarantined', score.score_status) as score_status, "
        "round(item.align_offset + item.align_factor * score.score, 9) as score "
        "from aso.fct_score as score join core.dim_indicator as item using (indicator_code) "
        "semi join (select assessment_key from aso.snapshot where stage = 'initial') as initial using (assessment_key) "
        "order by score.assessment_key, score.indicator_code"
    ),
}


# Their few words stand in twenty rows a person.
WORDS = {"scores": ["indicator_code", "domain_code", "score_status"]}


def read_frames(marts: Path, *names: str) -> dict[str, pd.DataFrame]:
    """The named frames of a build file or a release (all without names), as `ml.contracts` declares them."""
    with connect(marts, read_only=True) as connection:
        return {name: as_frame(connection.execute(FRAMES[name]), WORDS.get(name, [])) for name in names or FRAMES}


def as_frame(found: duckdb.DuckDBPyConnection, words: Sequence[str] = ()) -> pd.DataFrame:
    """What a query found, by way of Arrow: a text that stands in many rows is one object, and columns of few `words` are categories.

    DuckDB's own frames make an object for each cell: 10 GB for the scores of a million survivors, instead of 3.
    """
    table = found.to_arrow_table()
    frame: pd.DataFrame = table.to_pandas(
        categories=list(words), split_blocks=True, self_destruct=True, date_as_object=False
    )
    return frame


def write_frame(connection: duckdb.DuckDBPyConnection, table: str, frame: pd.DataFrame) -> int:
    """Fill a declared table by name, in one transaction; how many rows came.

    Rows that name their model take the place of that model's rows alone: several stages share models.metric and models.card.
    """
    connection.execute("begin")
    connection.register("incoming", frame)
    of = " where model_name in (select model_name from incoming)" if "model_name" in frame else ""
    connection.execute(f"delete from {table}{of}")
    connection.execute(f"insert into {table} by name select * from incoming")
    connection.unregister("incoming")
    connection.execute("commit")
    return len(frame)


def fill(build_file: Path, made: dict[str, pd.DataFrame], line: str) -> Done:
    """Fill the declared tables of the build file; what a stage says of it."""
    with connect(build_file) as connection:
        counts = {table: write_frame(connection, table, frame) for table, frame in made.items()}
    return Done(line, [{"table": table, "rows": n} for table, n in counts.items()])


def fill_models(build_file: Path, made: dict[str, pd.DataFrame], model_names: tuple[str, ...], line: str) -> Done:
    """Fill the tables of models.* with the rows of these models, and leave those of others; what a stage says of it."""
    with connect(build_file) as connection:
        for table, frame in made.items():
            is_named = "model_name" in frame.columns
            connection.execute("begin")
            connection.execute(
                f"delete from {table}" + (" where model_name in ?" if is_named else ""),
                [model_names] if is_named else [],
            )
            connection.register("incoming", frame)
            connection.execute(f"insert into {table} by name select * from incoming")
            connection.unregister("incoming")
            connection.execute("commit")
    return Done(line, [{"table": table, "rows": len(frame)} for table, frame in made.items()])


def write_casework(build_file: Path, name: str, frame: pd.DataFrame) -> None:
    """Keep a frame about single people for casework.duckdb (flows/casework.py): it never reaches a release."""
    with connect(build_file) as connection:
        connection.execute("create schema if not exists casework")
        connection.register("incoming", frame)
        connection.execute(f'create or replace table casework."{name}" as from incoming')
        connection.unregister("incoming")
