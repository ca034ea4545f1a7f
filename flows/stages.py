"""The stages of a night, as plain functions: each takes the night, works on the run's build file, and says what it did.

`NIGHTLY` is their order. The command line runs them as they are; the Prefect flow wraps each in a task.
"""

import shutil
from functools import partial
from pathlib import Path

import pandas as pd

from expectations.run import Verdict, run_door, store
from flows import casework, history
from flows.dbt_build import build_marts
from flows.erase.erase import sift
from flows.erase.suppression import n_people, rounded
from flows.erase.withdraw import withdraw
from flows.errors import ChecksError, HeldError
from flows.estimates import duration, need, offices, services
from flows.estimates.tables import write_frame
from flows.extract.contract import jds
from flows.extract.land import land
from flows.extract.scope import show_known_keys, show_raw
from flows.landing_counts import extract_rows, landing_counts
from flows.night import Night, config_hash
from flows.publish import audit, release
from flows.stage import Done, Row, Stage, Watch, as_rows
from flows.version import code_version, lock_hash
from flows.warehouse import connect


def land_delivery(night: Night, watch: Watch) -> Done:
    """Land the delivery (or find it landed already) and make the build file over the deliveries in scope."""
    if night.delivery:
        if night.standing.landed is None:
            land(
                night.home.raw,
                night.delivery,
                jds(),
                night.key,
                landed_for=night.as_of,
                progress=watch.step,
                sift=partial(_sift, night),
            )
        night.delivery.close()
    night.folder.mkdir(parents=True)
    scope = night.scope
    with connect(night.build_file) as build:
        show_raw(build, scope, jds())
        show_known_keys(build, night.base, jds(), history.gone_keys(night.home, night.known.before))
        build.execute(
            "create table raw.run as select ?::date as as_of, ?::boolean as has_full_delivery, ?::date as extracted_on",
            [
                night.as_of,
                any(extract.is_full for extract in scope),
                max(extract.extracted_at for extract in scope).date(),
            ],
        )
        history.restore(build, night.home, night.known.before)
        history.show_recent(build, night.home, night.known.before, night.as_of)
    facts = night.facts
    rows: list[Row] = [{"table": table, "rows": count} for table, count in facts.rows.items()]
    why = f" ({facts.remark})" if facts.remark else ""
    line = f"{sum(facts.rows.values()):,} rows of a {facts.mode} delivery{why}; {len(scope)} deliveries in scope"
    return Done(line, rows)


def _sift(night: Night, folder: Path) -> None:
    """The last look at a delivery before it counts as landed: erased people go, and the home must still be this run's."""
    sift(night.home, night.key, folder)
    night.fence()


def check_landing(night: Night, watch: Watch) -> Done:
    """Judge what landing knows of the delivery."""
    return _judged(run_door("landing", None, landing_counts(night), night.accept))


def build(night: Night, watch: Watch) -> Done:
    """Run dbt; then put the verdict of the landing door into the table that now exists."""
    statuses = build_marts(
        night.folder,
        night.home.runs / "dbt",
        variables=night.definitions.as_json(),
        memory_limit=night.settings.memory_limit,
        on_node=watch.node,
    )
    with connect(night.build_file) as connection:
        store(run_door("landing", None, landing_counts(night), night.accept), connection)
        write_frame(connection, "meta.extract", extract_rows(night))
        connection.execute(
            "update meta.exclusion set n_survivors_rounded = ? where reason = 'erased'", [rounded(n_people(night.home))]
        )
        rows = connection.execute("select * from quality.conservation order by source_table").df()
    told = ", ".join(f"{count} {status}" for status, count in sorted(statuses.items()))
    return Done(f"{sum(statuses.values())} nodes: {told}", as_rows(rows))


def check_marts(night: Night, watch: Watch) -> Done:
    """Judge the marts by the counts that dbt took."""
    with connect(night.build_file) as connection:
        return _judged(run_door("marts", connection, None, night.accept))


def check_estimates(night: Night, watch: Watch) -> Done:
    """Judge the estimates."""
    with connect(night.build_file) as connection:
        return _judged(run_door("estimates", connection, None, night.accept))


def publish(night: Night, watch: Watch) -> Done:
    """Assemble the release, verify it, flip `current`, and clear away what is no longer kept."""
    settings, checked = night.settings, release.fingerprints(night.build_file)
    model_ids = need.copy_models(night.home.models, night.key, night.folder / "models", **need.which_model(night))
    release_id, sequence = release.next_release_id(night.home, night.as_of)
    history.keep(night.home, night.build_file, night.memory(release_id, model_ids))
    facts = _facts(night, release_id, sequence, model_ids)
    if night.accept:
        audit.append(night.home, "accept", at=night.at, release_id=release_id, checks=sorted(night.accept))
    watch.step(release_id)
    release.publish(
        night.home,
        night.build_file,
        facts,
        models_folder=night.folder / "models",
        expected_current=night.live,
        at=night.at,
        checked=checked,
        threshold=settings.small_number,
        memory_limit=settings.memory_limit,
        threads=settings.threads or None,
        goes_on_from=night.known.before,
        fence=night.fence,
    )
    casework.write(night.home, night.build_file, release_id, night.as_of)
    release.prune(night.home, settings.keep_releases, at=night.at)
    history.prune(night.home, release.went_live(night.home))
    withdraw(night.home, night.key, night.build_file, at=night.at, fence=night.fence)
    return Done(f"release {release_id} is live", [{"release": release_id, "as of": night.as_of.isoformat()}])


def _facts(night: Night, release_id: str, sequence: int, model_ids: list[str]) -> release.ReleaseFacts:
    return release.ReleaseFacts(
        release_id=release_id,
        sequence=sequence,
        as_of=night.as_of,
        extracted_at=max(extract.extracted_at for extract in night.scope),
        created_at=night.at,
        code_version=code_version(),
        lock_hash=lock_hash(),
        config_hash=config_hash(night.settings, night.definitions),
        definitions=night.definitions.as_json(),
        fingerprint=night.fingerprint,
        seed=night.settings.seed,
        extracts=[{**extract.facts, "folder": extract.folder.name} for extract in night.scope],
        key_id=night.key.id,
        model_ids=model_ids,
        checks=_check_summary(night.build_file),
    )


BUILD = "build marts"
NIGHTLY = (
    Stage("land delivery", land_delivery),
    Stage("check landing", check_landing),
    Stage(BUILD, build),
    Stage("check marts", check_marts),
    Stage("estimate durations", duration.estimate),
    Stage("estimate need", need.estimate),
    Stage("compare offices", offices.estimate),
    Stage("compare services", services.estimate),
    Stage("check estimates", check_estimates),
    Stage("publish", publish),
)


def clear_runs(night: Night, *, keep_failed: int = 3) -> None:
    """Remove the run's folder when it has published; keep the newest failed ones for a person to look at."""
    folders = sorted(path for path in night.home.runs.glob("[0-9]*T*") if path.is_dir())
    for folder in folders:
        if folder == night.folder or folder not in folders[-keep_failed:]:
            shutil.rmtree(folder, ignore_errors=True)


def _judged(verdict: Verdict) -> Done:
    counts = verdict.rows["status"].value_counts().sort_index()
    rows = as_rows(verdict.rows[["check_id", "severity", "status", "n_checked", "n_failed", "threshold"]])
    if verdict.blocking or verdict.held:
        failing = verdict.blocking or verdict.held
        kind = ChecksError if verdict.blocking else HeldError
        raise kind(
            f"{len(failing)} {'blocking' if verdict.blocking else 'hold'} checks failed: {'; '.join(_found(verdict, failing))}",
            stage=f"{verdict.door} checks",
            count=len(failing),
            next_step="aftercare checks --run --failed; a failure that a person has looked at is let through with --accept CHECK_ID",
        )
    return Done(", ".join(f"{count} {status}" for status, count in counts.items()), rows)


def _found(verdict: Verdict, failing: list[str]) -> list[str]:
    rows = verdict.rows[verdict.rows["check_id"].isin(failing)].sort_values("check_id")
    told = [f"{row.check_id} ({_count(row.n_failed)} of {_count(row.n_checked)})" for row in rows.itertuples()]
    return told if len(told) <= 6 else [*told[:6], f"and {len(told) - 6} more"]


def _count(value: object) -> str:
    return "an unknown number" if pd.isna(value) else f"{int(str(value)):,}"  # type: ignore[call-overload]


def _check_summary(build_file: Path) -> dict[str, int]:
    with connect(build_file, read_only=True) as connection:
        found = connection.execute(
            'select status, count(*) from quality."check" group by status order by status'
        ).fetchall()
    return dict(found)
