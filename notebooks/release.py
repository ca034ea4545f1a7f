# ruff: noqa: B018  (a cell shows its last expression)
"""The live release for an analyst: each figure of the report drawn anew from share/, beside the marts it comes from.

make notebook                                                  # opens it on loopback; HOME_DIR=folder for another warehouse
.venv/bin/python notebooks/release.py --home warehouse         # runs it as a script: one line a table, exit 1 where a number differs
"""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="A release of aftercare, figure by figure")


@app.cell
def _():
    from datetime import UTC, datetime
    from pathlib import Path

    import altair as alt
    import marimo as mo
    import pandas as pd
    import reproduce
    from draw import curve, intervals

    from flows import settings
    from flows.publish.release import open_release, release_folder
    from flows.query import note
    from flows.warehouse import Home

    return (
        Home,
        Path,
        UTC,
        alt,
        curve,
        datetime,
        intervals,
        mo,
        note,
        open_release,
        pd,
        release_folder,
        reproduce,
        settings,
    )


@app.cell
def _(Home, Path, UTC, datetime, mo, note, open_release, release_folder, settings):
    options = mo.cli_args()
    home = Home(Path(settings.load(home=options.get("home")).home).resolve())
    folder = release_folder(home)
    marts = open_release(home, folder.name)  # read-only; nothing else on this machine can be reached through it
    share = folder / "share"
    note(home, "notebooks/release.py", datetime.now(UTC))
    mo.md(
        f"# Release {folder.name}\n\nFigures are drawn from `share/`, which may leave. What comes from the marts may not: "
        "keep it to yourself. Change any cell; nothing of the release is."
    )
    return folder, home, marts, options, share


@app.cell
def _(marts, mo, reproduce, share):
    comparison = reproduce.compared(marts, share)
    summary = comparison.groupby("table", as_index=False).agg(numbers=("agrees", "size"), agree=("agrees", "sum"))
    mo.vstack([mo.md("## Does the report say what the marts say?"), summary, comparison[~comparison["agrees"]]])
    return comparison, summary


@app.cell
def _(reproduce, share):
    shared = {name: reproduce.shared_table(share, name) for name in ("curves", *reproduce.TABLES)}
    return (shared,)


@app.cell
def _(curve, mo, shared):
    overall = shared["curves"].query("stratum == 'overall'")
    beside = ["restoration", "restoration_detection_date", "restoration_npmle"]
    mo.vstack(
        [
            mo.md("## 1. How long? Restored, in care, lost, other exits"),
            curve(overall.query("curve_name == 'restoration'"), "state"),
            mo.md("### The headline beside two simpler curves"),
            curve(overall[overall["curve_name"].isin(beside)].query("state == 'restored'"), "curve_name"),
        ]
    )
    return (overall,)


@app.cell
def _(intervals, mo, overall, reproduce, shared):
    at_24 = shared["curves"].query("state == 'restored' and month == '24' and curve_name == 'restoration'")
    strata = ["casework_type", "age_band", "severity"]
    mo.vstack(
        [
            mo.md("### Under other assumptions, and by group, at 24 months"),
            intervals(
                overall.query("state == 'restored' and month == '24'"),
                "curve_name",
                reproduce.PERCENTS,
                "Percent restored",
            ),
            *(intervals(at_24.query("stratum == @name"), "label", reproduce.PERCENTS, name) for name in strata),
            mo.md("### What can be said of a good length of care"),
            shared["optimal_time"].query("stratum == 'overall'"),
        ]
    )


@app.cell
def _(intervals, mo, reproduce, shared):
    outcomes = shared["risk_indicators"].groupby("outcome", sort=False)
    mo.vstack(
        [
            mo.md("## 2. Which indicators tell who needs more?"),
            *(
                mo.vstack(
                    [
                        mo.md(f"### {outcome}"),
                        intervals(rows, "label", ["importance", "lower", "upper"], "Importance (increase of the loss)"),
                        intervals(rows, "label", ["rank_low", "rank_high"], "Rank interval"),
                    ]
                )
                for outcome, rows in outcomes
            ),
            mo.md("## 3. What helps?"),
            *(
                intervals(rows, "question", reproduce.LIMITS, contrast)
                for contrast, rows in shared["service_effects"].groupby("contrast")
            ),
        ]
    )


@app.cell
def _(alt, mo, pd, reproduce, shared):
    offices = (
        shared["offices"][shared["offices"]["measure"].isin(reproduce.COUNTED)]
        .query("ratio != '' and expected != ''")
        .copy()
    )
    for number in ("expected", "ratio", "lower", "upper"):
        offices[number] = pd.to_numeric(offices[number])
    at = alt.Chart(offices).encode(x=alt.X("expected:Q", title="Expected number"))
    funnel = at.mark_rule(opacity=0.4).encode(y=alt.Y("lower:Q", title="Observed / expected"), y2="upper:Q")
    funnel += at.mark_point(filled=True, size=60).encode(
        y="ratio:Q", tooltip=["measure", "expected", "ratio", "lower", "upper"]
    )
    history = shared["history"].query("stratum == 'overall' and lower != ''").copy()
    for number in reproduce.LIMITS:
        history[number] = pd.to_numeric(history[number])
    over = alt.Chart(history).encode(x=alt.X("as_of:T", title="As of"))
    past = over.mark_area(opacity=0.16).encode(y=alt.Y("lower:Q", title=None), y2="upper:Q")
    past += over.mark_line(point=True).encode(y="estimate:Q", detail="definition_version:N")
    mo.vstack(
        [
            mo.md("## Offices against what is expected; no order is made of it"),
            funnel.facet(column="measure:N"),
            mo.md("## Figures over releases"),
            past.facet(facet="measure:N", columns=2).resolve_scale(y="independent"),
        ]
    )


@app.cell
def _(mo, shared):
    named = shared["curves"].query("stratum == 'office_id'")
    office = mo.ui.dropdown(
        dict(zip(named["label"], named["stratum_value"], strict=True)), label="The curve of one office"
    )
    office
    return named, office


@app.cell
def _(curve, mo, named, office):
    mo.stop(office.value is None)
    curve(named.query("stratum_value == @office.value and curve_name == 'restoration'"), "state")


@app.cell
def _(mo):
    query = mo.ui.code_editor(
        "select stage, count(*) as n from aso.snapshot group by stage order by stage", language="sql"
    )
    mo.vstack([mo.md("## A question of your own"), query])
    return (query,)


@app.cell
def _(UTC, datetime, home, marts, note, query):
    note(home, query.value, datetime.now(UTC))
    marts.sql(query.value).df()


@app.cell
def _(comparison, folder, mo, options, summary):
    if mo.app_meta().mode == "script":
        for _row in summary.itertuples():
            print(f"{_row.table}: {_row.agree} of {_row.numbers} drawn numbers are those of the marts")
        if options.get("to"):
            comparison.to_csv(options.get("to"), index=False)
        if not len(comparison) or not comparison["agrees"].all():
            raise SystemExit(
                f"the report of {folder.name} shows numbers that its marts do not give; --to FILE lists them"
            )


if __name__ == "__main__":
    app.run()
