"""Plants the dirty values of `fault_rules` in the tables of a delivery: each in people of its own, a few a rule."""

from dataclasses import dataclass, field
from typing import Any, Final

import duckdb

from flows.extract.simulate.columns import KEYS
from flows.extract.simulate.fault_rules import RULES, Rule
from flows.extract.simulate.frame import extraction
from flows.extract.simulate.parameters import Parameters

AT_LEAST, AT_MOST = 3, 200
EVERYBODY: Final = 2**31
TEXT_COLUMNS: Final = {"aftercare_episodes": "intake_date", "aso_scores": "score"}
"""Columns that hold what their type cannot say: they are text in a delivery with faults."""

_CLEAN: Final = (
    "create table clean as select s.survivor_id, md5(concat_ws('|', getvariable('seed'), s.survivor_id)) as place,",
    "any_value(e.episode_id) as episode_id,",
    "any_value(e.case_id) as case_id,",
    "any_value(e.intake_date) as intake, any_value(e.rescue_date) as rescue, any_value(e.exit_date) as left_on",
    "from survivors s join aftercare_episodes e using (survivor_id)",
    "where s.consent_analytics and s.merged_into is null and not s.is_deleted",
    "and s.survivor_id not in (select merged_into from survivors where merged_into is not null)",
    "group by s.survivor_id having count(*) = 1 and not bool_or(e.is_deleted)",
    "and any_value(e.episode_id) not in (select episode_id from aso_assessments where is_deleted)",
)
_JOINS: Final = {
    "survivors": "join near c using (survivor_id)",
    "cases": "join near c using (case_id)",
    "aso_scores": "join aso_assessments a using (assessment_id) join near c on c.episode_id = a.episode_id",
    "legal_proceedings": "join near c using (survivor_id)",
}
_REFERENCE: Final = ("partners", "partner_trainings")


@dataclass(frozen=True)
class Planted:
    """What was planted: `rules` by name (`table`, `meaning`, `rows`), and the tokens of the texts planted."""

    rules: dict[str, dict[str, Any]] = field(default_factory=dict)
    tokens: list[str] = field(default_factory=list)


def plant(connection: duckdb.DuckDBPyConnection, parameters: Parameters, night: int) -> Planted:
    """Changes the twelve tables of the connection by every rule, and says what was planted.

    The people hit agreed to analytics, are not merged or deleted and have one episode, and each is hit by one rule.
    Fewer than about 300 people are too few for every rule: fewer rows are planted then, or none; the counts say so.
    """
    planted = Planted()
    connection.execute("set variable as_of = ?", [parameters.night(night)])
    connection.execute(f"set variable extracted = to_timestamp({extraction(parameters, night)})")
    connection.execute(" ".join(_CLEAN))
    for table, column in TEXT_COLUMNS.items():
        connection.execute(f"alter table {table} alter {column} type varchar")
    for rule in RULES:
        wanted = _wanted(connection, parameters, rule)
        connection.execute("set variable rule = ?", [rule.name])
        if _pick(connection, rule, wanted, wanted * 25) < wanted:
            _pick(connection, rule, wanted, EVERYBODY)
        rows = _apply(connection, rule)
        planted.rules[rule.name] = {"table": rule.table, "meaning": rule.meaning, "rows": rows}
        if any("qx(" in value for value in rule.put.values()):
            tokens = connection.sql("select qx(getvariable('rule'), n) from picks order by n").fetchall()
            planted.tokens.extend(token for (token,) in tokens)
        connection.execute("delete from clean where survivor_id in (select survivor_id from picks)")
    return planted


def _wanted(connection: duckdb.DuckDBPyConnection, parameters: Parameters, rule: Rule) -> int:
    """How many rows to plant: at least three, else one in 500 people, and never near one in a hundred of the table."""
    n_rows = _count(connection, rule.table)
    wanted = max(AT_LEAST, min(parameters.survivors // 500, n_rows // 150, AT_MOST))
    return wanted - wanted % 3 if rule.name == "merge_cycle" else wanted


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    return int(connection.sql(f"select count(*) from {table}").fetchall()[0][0])


def _pick(connection: duckdb.DuckDBPyConnection, rule: Rule, wanted: int, among: int) -> int:
    """Makes the table `picks`: the rows to hit, counted by `n`, one a person, of so many who have not been hit yet."""
    connection.execute(f"create or replace view near as select * from clean order by place limit {among}")
    order = (
        "md5(concat_ws('|', getvariable('seed'), getvariable('rule'), "
        + ", ".join(f"t.{key}" for key in KEYS[rule.table])
        + "))"
    )
    if rule.table in _REFERENCE:
        found = f"select t.rowid as rid, null::varchar as survivor_id, {order} as place from {rule.table} t"
    else:
        join = _JOINS.get(rule.table, "join near c using (episode_id)")
        found = (
            f"select t.rowid as rid, c.survivor_id, c.intake, c.rescue, c.left_on, {order} as place "
            f"from {rule.table} t {join} where not t.is_deleted and {rule.where}"
        )
    one_each = (
        "qualify row_number() over (partition by coalesce(survivor_id, rid::varchar) order by place, rid) = 1 "
        "and row_number() over (partition by rid order by survivor_id) = 1"
    )
    connection.execute(
        f"create or replace table picks as select *, row_number() over (order by place, rid) as n "
        f"from (select * from ({found}) {one_each}) order by place, rid limit {wanted}"
    )
    return _count(connection, "picks")


def _apply(connection: duckdb.DuckDBPyConnection, rule: Rule) -> int:
    """Writes what the rule says into the rows picked; gives how many rows were written."""
    if rule.name == "merge_chain":
        return _chain(connection)
    if rule.name == "merge_cycle":
        connection.execute("delete from picks where n > (select count(*) // 3 * 3 from picks)")
        connection.execute(
            "update survivors set merged_into = x.survivor_id from picks p join picks x "
            "on (p.n - 1) // 3 = (x.n - 1) // 3 and x.n % 3 = (p.n + 1) % 3 where survivors.rowid = p.rid"
        )
    elif rule.how == "insert":
        replaced = ", ".join(f"{value} as {column}" for column, value in rule.put.items())
        columns = f"t.* replace ({replaced})" if replaced else "t.*"
        connection.execute(
            f"insert into {rule.table} select {columns} from {rule.table} t "
            "join picks p on t.rowid = p.rid order by p.n"
        )
    else:
        values = ", ".join(f"{column} = {value}" for column, value in rule.put.items())
        connection.execute(f"update {rule.table} t set {values} from picks p where t.rowid = p.rid")
    return _count(connection, "picks")


def _chain(connection: duckdb.DuckDBPyConnection) -> int:
    """Two records more for each person picked: the second merged into the person, the first into the second."""
    for step, target in ((1, "p.survivor_id"), (2, "raw('S', 990000000000 + p.n * 10 + 1)")):
        connection.execute(
            f"insert into survivors select t.* replace (raw('S', 990000000000 + p.n * 10 + {step}) as survivor_id, "
            f"{target} as merged_into) from survivors t join picks p on t.rowid = p.rid order by p.n"
        )
    return 2 * _count(connection, "picks")
