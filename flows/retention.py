"""How long each layer is kept, what is due to go, and the way it goes: `aftercare retention`.

Raw deliveries go in whole generations, a full one with all that followed it until the next full one, and never what a kept release was
built from: so what is left can still be built from. What is due is decided by the day that is given, not by a clock.
"""

import json
import os
import shutil
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from flows import access, history
from flows.casework import FILE
from flows.extract.land import Extract, extracts
from flows.publish import audit, files
from flows.publish.files import refusing
from flows.publish.release import current_release
from flows.publish.release import releases as kept_releases
from flows.settings import Settings
from flows.warehouse import Home, connect


@dataclass(frozen=True)
class Term:
    """One thing that is kept: its layer, its name, since when, and the day it goes (None: it has no term, or is still needed)."""

    layer: str
    name: str
    since: date
    due: date | None

    def is_due(self, day: date) -> bool:
        """Whether it goes on this day."""
        return self.due is not None and self.due <= day


def terms(home: Home, settings: Settings) -> list[Term]:
    """Every raw delivery, build of a failed run, case-work file and day of the access log, with the day that it goes."""
    return [*_raw(home, settings), *_runs(home, settings), *_casework(home, settings), *_log(home, settings)]


def apply(home: Home, settings: Settings, day: date, *, at: datetime) -> list[Term]:
    """Removes what is due on a day, and gives it. Call it while holding the home."""
    due = [term for term in terms(home, settings) if term.is_due(day)]
    with refusing("removing what is due"):
        for term in due:
            if term.layer == "access log":
                continue
            path = {"raw": home.raw, "runs": home.runs, "case-work": home.casework}[term.layer] / term.name
            shutil.rmtree(path) if path.is_dir() else path.unlink()
            files.sync_folder(path.parent)
        if any(term.layer == "access log" for term in due):
            _shorten_log(home, day - timedelta(settings.keep_log_days))
    if due:
        layers = sorted({term.layer for term in due})
        audit.append(home, "retention", at=at, removed={one: sum(term.layer == one for term in due) for one in layers})
    return due


def _raw(home: Home, settings: Settings) -> list[Term]:
    landed = extracts(home.raw)
    first_needed = _first_needed(home, landed)
    found = []
    for position, extract in enumerate(landed):
        following = [later for later in landed[position + 1 :] if later.is_full and later.sequence <= first_needed]
        due = None
        if settings.keep_raw_days is not None and following:
            # It goes with the youngest delivery of its generation.
            last = [one for one in landed if one.sequence < following[0].sequence][-1]
            due = last.landed_for + timedelta(settings.keep_raw_days)
        found.append(Term("raw", extract.folder.name, extract.landed_for, due))
    return found


def _first_needed(home: Home, landed: list[Extract]) -> int:
    """The sequence of the first delivery that a kept release, or the next night, is built from."""
    full = [extract.sequence for extract in landed if extract.is_full]
    needed = [full[-1] if full else 0]
    names = {one.release_id for one in kept_releases(home)} | {current_release(home)}
    names |= {history.present(home, current_release(home))}
    needed += [min(found.extracts) for name in names if (found := history.memory(home, name)) and found.extracts]
    return min(needed)


def _runs(home: Home, settings: Settings) -> list[Term]:
    found = []
    for folder in sorted(home.runs.glob("[0-9]*T*")):
        since = datetime.strptime(folder.name[:8], "%Y%m%d").date()  # noqa: DTZ007  the name is a UTC time
        found.append(Term("runs", folder.name, since, since + timedelta(settings.keep_failed_days)))
    return found


def _casework(home: Home, settings: Settings) -> list[Term]:
    path = home.casework / FILE
    if not path.exists():
        return []
    with connect(path, read_only=True) as connection:
        ((since,),) = connection.execute("select as_of from about").fetchall()
    return [Term("case-work", FILE, since, since + timedelta(settings.keep_casework_days))]


def _log(home: Home, settings: Settings) -> list[Term]:
    days = sorted({str(line["at"])[:10] for line in access.lines(home)})
    kept = timedelta(settings.keep_log_days)
    return [Term("access log", one, date.fromisoformat(one), date.fromisoformat(one) + kept) for one in days]


def _shorten_log(home: Home, last_day_gone: date) -> None:
    path = home.root / access.NAME
    with access.held(home):
        left = [line for line in access.lines(home) if str(line["at"])[:10] > last_day_gone.isoformat()]
        fresh = Path(f"{path}.new")
        files.write_text(fresh, "".join(f"{json.dumps(line, sort_keys=True)}\n" for line in left))
        fresh.chmod(access.MODE)
        os.replace(fresh, path)
        files.sync_folder(home.root)
