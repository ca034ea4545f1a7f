"""Looking at what is live: for `aftercare status`, `unmapped` and `key`."""

from datetime import datetime, timedelta
from pathlib import Path

from flows import access, failure, history, lease
from flows.erase.erase import is_under_way
from flows.erase.models import due_since
from flows.errors import KeyProblemError, NothingPublishedError
from flows.extract.contract import jds
from flows.extract.land import extracts
from flows.extract.pseudonymise import pseudonym
from flows.known import access_of, instrument_of, mapping_of, run_key
from flows.publish import audit, manifest, withdrawal
from flows.publish.release import current_release, hold_state
from flows.settings import Settings
from flows.warehouse import Home

OLD = timedelta(days=2)


def status_lines(home: Home, *, now: datetime) -> list[str]:
    """What is live, how old, on hold or not, what the checks found, and what to do next."""
    live = current_release(home)
    if live is None:
        refused = failure.last(home)
        step = f"mend what stopped the last night ({refused.text})" if refused else "aftercare nightly"
        raise NothingPublishedError("nothing is published yet", stage="status", next_step=step)
    facts = manifest.read(home.releases / live)
    age = now - datetime.fromisoformat(str(facts["extracted_at"]))
    checks = ", ".join(f"{count} {status}" for status, count in sorted(facts["checks"].items()))
    hold = hold_state(home)
    lines = [
        f"live      {live}, as of {facts['as_of']}, made {str(facts['created_at'])[:19]} UTC by {facts['code_version']}",
        f"data      extracted {str(facts['extracted_at'])[:19]} UTC, {age.days} days ago",
        f"rows      {facts['tables']['core.fct_episode']['rows']:,} episodes, {facts['tables']['core.dim_survivor']['rows']:,} survivors",
        f"checks    {checks}",
        f"hold      {f'{hold.what}, since {hold.at[:19]}; lift it with aftercare rollback --resume' if hold else 'none'}",
    ]
    said = withdrawal.notice(home, live)
    if said:
        lines.insert(0, said)
    past = history.past_line(home, live)
    if past:
        lines.insert(1, f"past      {past}")
    due = due_since(home, list(facts["model_ids"]))
    if due:
        lines.append(f"model     trained with people since erased, {due[:10]}; next: aftercare retrain")
    if is_under_way(home):
        lines.append("erasure   broken off before its end; next: aftercare erase --resume")
    return [*lines, *_going_on(home), *_went_wrong(home, age)]


def _going_on(home: Home) -> list[str]:
    """The run that holds the home, and whether it gives signs of life."""
    held = lease.read(home.lock)
    if held is None or not held.is_held:
        return []
    who = f"process {held.pid} on {held.host}, since {held.since[:19]} UTC"
    if held.seconds_silent < 4 * lease.BEAT_SECONDS:
        return [f"run       at work: {who}"]
    return [f"run       ended without a word or stands still: {who}; the next night takes over"]


def _went_wrong(home: Home, age: timedelta) -> list[str]:
    """What stopped the last night, what it left, and that the data grow old; each with what to do."""
    refused, lines = failure.last(home), []
    if age >= OLD:
        lines.append(
            f"stale     no newer data for {age.days} days; next: see that a night runs, then aftercare nightly"
        )
    if refused:
        lines.append(f"failed    the last night, {refused.at[:19]} UTC: {refused.text}")
    left = sorted(path.name for path in home.runs.glob("[0-9]*T*"))
    if left:
        lines.append(f"failed    {len(left)} runs did not publish, the newest {left[-1]}; see aftercare checks --run")
    return lines


def unmapped_rows(settings: Settings) -> list[dict[str, object]]:
    """The codes that the contract does not know, of the source that was named or else of the one that landed last."""
    from flows.extract.open import open_source, parse_source
    from flows.extract.unmapped import unmapped_codes

    mapping, home = mapping_of(settings), Home(settings.home.resolve())
    source = parse_source(settings.source or last_origin(home))
    delivery = open_source(
        source, jds(), run_key(settings), access_of(settings, home, source), landed=[], full=True, mapping=mapping
    )
    where = f"the mapping {settings.mapping}" if mapping else None
    return unmapped_codes(delivery, jds(instrument_of(settings, mapping)), mapping=where)


def mapped_rows(settings: Settings) -> list[tuple[str, int, list[str]]]:
    """The rows of each contract table that the mapping makes of the source, and the source tables they are made from."""
    from flows.extract.mapping.bind import readers_of
    from flows.extract.open import open_source, parse_source

    mapping, home = mapping_of(settings), Home(settings.home.resolve())
    source = parse_source(settings.source or last_origin(home))
    delivery = open_source(
        source, jds(), run_key(settings), access_of(settings, home, source), landed=[], full=True, mapping=mapping
    )
    delivery.close()
    made_from = readers_of(mapping) if mapping else {table: [table] for table in jds().tables}
    return [(table, delivery.facts.rows[table], made_from[table]) for table in jds().tables]


def last_origin(home: Home) -> str:
    """Where the delivery came from that landed last."""
    landed = extracts(home.raw)
    if not landed:
        raise NothingPublishedError("no delivery has landed yet", stage="unmapped", next_step="name one with --source")
    return str(landed[-1].facts["origin"])


def keys_of(settings: Settings, kind: str, identifiers: tuple[str, ...], *, at: datetime) -> list[str]:
    """The pseudonyms of JDS ids of a kind; the audit log records that and how many were asked for, never which."""
    home = Home(settings.home.resolve())
    kinds = sorted({column.of for table in jds().tables.values() for column in table.columns if column.kind == "key"})
    if kind not in kinds:
        raise KeyProblemError("there is no such kind of id", stage="key", next_step=f"use one of: {', '.join(kinds)}")
    key = run_key(settings)
    Path(home.root).mkdir(parents=True, exist_ok=True)
    access.record(home, "key", at=at, kind=kind, n=len(identifiers))
    audit.append(home, "key", at=at, kind=kind, n=len(identifiers), key_id=key.id)
    return [pseudonym(key, kind, identifier) for identifier in identifiers]
