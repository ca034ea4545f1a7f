"""Each number that the report draws, beside the number of the marts that it was made from.

What leaves is coarser than what stays: whole percents and months, counts to the nearest 5, steps of a curve that wait for six people. So
two numbers agree where they differ by no more than that coarsening explains, and how much that is stands beside them.
"""

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

COUNTED = ("restored_24m", "lost_12m")
SHARES = ("aso_completeness",)
CURVE = ["curve_name", "stratum", "stratum_value", "state"]
PERCENTS = ["estimate_percent", "lower_percent", "upper_percent"]
LIMITS = ["estimate", "lower", "upper"]
# Table of share/: what tells its rows apart, the numbers that are drawn of it, and the same from the marts.
TABLES: dict[str, tuple[list[str], list[str], str]] = {
    "optimal_time": (
        ["question", "stratum", "stratum_value"],
        ["estimate_months", "lower_months", "upper_months"],
        "from outcomes.optimal_time",
    ),
    "risk_indicators": (
        ["outcome", "code"],
        ["importance", "lower", "upper", "rank_low", "rank_high"],
        "from models.risk_indicator where unit = 'indicator'",
    ),
    "service_effects": (["question", "strategy", "comparator", "contrast"], LIMITS, "from services.effect"),
    "offices": (["office_id", "measure"], ["expected", "ratio", "lower", "upper"], "from outcomes.office"),
    "history": (["release_id", "measure", "stratum", "stratum_value"], LIMITS, "from outcomes.history"),
}
CURVES = """
    with grid as (select unnest([6, 12, 18, 24, 30, 36]) as month)
    select curve_name, stratum, stratum_value, state, month, 100 * max_by(estimate, day) as estimate_percent,
        100 * max_by(lower, day) as lower_percent, 100 * max_by(upper, day) as upper_percent
    from outcomes.curve
    inner join grid on day <= month * 30.4375
    group by all
"""
COLUMNS = ["table", "what", "column", "shared", "marts", "allowed", "agrees"]


def shared_table(share: Path, table: str) -> pd.DataFrame:
    """A table of share/ as text, empty cells empty."""
    return pd.read_csv(share / f"{table}.csv", dtype=str, keep_default_na=False)


def compared(marts: duckdb.DuckDBPyConnection, share: Path) -> pd.DataFrame:
    """Every number that is drawn: table, what (the words of its row), column, shared, marts, allowed, agrees (bool)."""
    frames = [curves(marts, share), *(plain(marts, share, table) for table in TABLES)]
    return pd.concat([frame for frame in frames if len(frame)] or [pd.DataFrame(columns=COLUMNS)], ignore_index=True)


def plain(marts: duckdb.DuckDBPyConnection, share: Path, table: str) -> pd.DataFrame:
    """The numbers of a table whose rows are those of a mart."""
    key, columns, source = TABLES[table]
    found = shared_table(share, table).melt(id_vars=key, value_vars=columns, var_name="column", value_name="shared")
    exact = marts.sql(f"select {', '.join([*key, *columns])} {source}").df()
    exact[key] = exact[key].astype(object).where(exact[key].notna(), "").astype(str)
    exact = exact.melt(id_vars=key, value_vars=columns, var_name="column", value_name="marts")
    both = _numbers(found[found["shared"] != ""]).merge(exact, how="left", on=[*key, "column"], validate="one_to_one")
    both["marts"] = pd.to_numeric(both["marts"])
    both["allowed"] = _allowed(table, both)
    both["agrees"] = (both["shared"] - both["marts"]).abs() <= both["allowed"] + 1e-9
    return _named(table, both, key)


def _allowed(table: str, both: pd.DataFrame) -> pd.Series:
    """How far coarsening alone can move each number."""
    if table == "optimal_time":
        return pd.Series(0.5, both.index)
    if table == "risk_indicators":
        return pd.Series(0.00005, both.index)
    size = both["shared"].abs()
    digits = pd.Series(np.select([size >= 100, size >= 10], [0.5, 0.05], 0.005), both.index)
    if table == "history":
        return digits.where(~both["measure"].str.startswith("n_"), 4)
    if table != "offices":
        return digits
    # A ratio is that of the shown numbers, a count to the nearest 5 (11 to 15), and its limits take it in.
    n = both.loc[both["column"] == "expected"].set_index(["office_id", "measure"])["shared"]
    expected = _of(n, both, ["office_id", "measure"])
    is_ratio, is_count = both["column"] != "expected", both["measure"].isin(COUNTED)
    digits = digits.where(~(is_ratio & is_count), digits + 4.5 / expected)
    return digits.where(~(is_ratio & both["measure"].isin(SHARES)), digits + 0.04)


def curves(marts: duckdb.DuckDBPyConnection, share: Path) -> pd.DataFrame:
    """The points of curves. A point may be that of an earlier month, since a step waits until it stands for six people.

    Until the first step the estimate is 0 and its upper limit what six people are; who is in care is what the others leave.
    """
    found = shared_table(share, "curves")
    found = found[found["status"] == "shown"].assign(month=lambda rows: rows["month"].astype(int))
    exact = (
        marts.sql(CURVES)
        .df()
        .melt(id_vars=[*CURVE, "month"], value_vars=PERCENTS, var_name="column", value_name="marts")
    )
    drawn = found.melt(id_vars=[*CURVE, "month"], value_vars=PERCENTS, var_name="column", value_name="shared")
    drawn = _numbers(drawn[drawn["shared"] != ""])
    pairs = drawn.merge(exact, how="left", on=[*CURVE, "column"], suffixes=("", "_of"))
    pairs = pairs[pairs["month_of"] <= pairs["month"]].assign(off=lambda rows: (rows["shared"] - rows["marts"]).abs())
    key = [*CURVE, "month", "column"]
    nearest = pairs.sort_values("off", kind="stable").groupby(key, as_index=False).first()
    both = drawn.merge(nearest[[*key, "marts", "off"]], how="left", on=key)
    shown = both.pivot(index=[*CURVE, "month"], columns="column", values="shared")
    exits = shown.loc[shown.index.get_level_values("state") != "in_care", "estimate_percent"]
    left = 100 - exits.groupby(level=[*CURVE[:3], "month"]).sum()
    in_care = both["state"] == "in_care"
    both["marts"] = both["marts"].where(~in_care, _of(left, both, [*CURVE[:3], "month"]))
    both["allowed"] = np.where(in_care, 0.0, 0.5)
    close = (both["shared"] - both["marts"]).abs() <= both["allowed"] + 1e-9
    both["agrees"] = close | (_waits(both, shown, exact) & ~in_care)
    return _named("curves", both, [*CURVE, "month"])


def _waits(both: pd.DataFrame, shown: pd.DataFrame, exact: pd.DataFrame) -> pd.Series:
    """Whether a point stands at 0 since what happened so far is less than six people, which its upper limit is the percent of."""
    key = [*CURVE, "month"]
    now = exact[exact["column"] == "estimate_percent"].set_index(key)["marts"]
    few = _of(now, both, key) <= _of(shown["upper_percent"], both, key) + 0.5
    is_zero = both["shared"].eq(0) | both["column"].eq("upper_percent")
    return few & is_zero & _of(shown["estimate_percent"], both, key).eq(0)


def _of(values: pd.Series, rows: pd.DataFrame, key: list[str]) -> pd.Series:
    """The value of each row, found by its key."""
    return pd.Series(values.reindex(pd.MultiIndex.from_frame(rows[key])).to_numpy(), rows.index)


def _numbers(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(shared=pd.to_numeric(rows["shared"]))


def _named(table: str, both: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    what = both[key].astype(str).agg(" | ".join, axis=1) if len(both) else pd.Series(dtype=str)
    return both.assign(table=table, what=what)[COLUMNS]
