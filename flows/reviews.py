"""What a named case manager said of a support priority: she agrees, or overrules it for a reason from a list.

`<home>/casework/reviews.csv` (mode 0600; encrypted where files are) is only ever added to, and read back by the next night: models.metric
then tells how often people are of another mind. Nothing acts on a priority, reviewed or not.
"""

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from pathlib import Path

import pandas as pd

from flows import casework
from flows.errors import Exit, StageError
from flows.publish.files import exclusive, refusing
from flows.warehouse import Home, read_text, write_text

FILE = "reviews.csv"
COLUMNS = ("reviewed_on", "episode_key", "office_id", "model_id", "band", "review", "reason")
STAGE = "review"
ONE = "select office_id, model_id, band, expires_on from support_priority where episode_key = ?"


class ReviewError(StageError):
    """A review that cannot be kept; it says which rule, never of whom."""

    code = Exit.USAGE


def reasons() -> tuple[str, ...]:
    """The reasons that a priority can be overruled for."""
    from ml.risk.reviews import REASONS

    return REASONS


def record(home: Home, given: Iterable[Mapping[str, str]], *, at: datetime) -> int:
    """Keep reviews (episode_key, review, reason), all or none; how many. Raises ReviewError where one cannot be kept."""
    kept = [_checked(home, one, at.date()) for one in given]
    path = home.casework / FILE
    with refusing("keeping reviews"), exclusive(home.casework, "keeping reviews"):
        more = pd.concat([until(home, date.max), pd.DataFrame(kept, columns=list(COLUMNS))])
        write_text(path, more.to_csv(index=False))
    return len(kept)


def forget(home: Home, keys: set[str]) -> int:
    """Write the file anew without the reviews of these episodes; how many went."""
    path = home.casework / FILE
    found = until(home, date.max)
    is_gone = found["episode_key"].isin(keys)
    if is_gone.any():
        with refusing("erasing reviews"):
            write_text(path, found[~is_gone].to_csv(index=False))
    return int(is_gone.sum())


def from_file(path: Path) -> list[dict[str, str]]:
    """The reviews of an office's CSV with the columns episode_key, review, reason; raises ReviewError where it is no such file."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error):
        raise _refused("the file cannot be read as CSV", "give the path of a CSV file in UTF-8") from None
    if not rows or not {"episode_key", "review", "reason"} <= set(rows[0]):
        raise _refused("the file has not the columns episode_key, review, reason", "name them in its first line")
    return [{name: (row[name] or "").strip() for name in ("episode_key", "review", "reason")} for row in rows]


def override_rows(home: Home, as_of: date, names: dict[str, str]) -> list[dict[str, object]]:
    """Rows of models.metric on the reviews made until a date, of models by id and name."""
    from ml.risk.reviews import override_rows as rows

    return rows(until(home, as_of), names)


def beside(home: Home, as_of: date, priority: pd.DataFrame | None) -> pd.DataFrame:
    """Support priorities with the last review of each person until a date: `review`, `review_reason`, `reviewed_on`, null where none."""
    from ml.contracts import empty
    from ml.risk.contract import PRIORITY

    found = empty(PRIORITY) if priority is None else priority
    last = until(home, as_of).drop_duplicates("episode_key", keep="last")
    last = last[["episode_key", "review", "reason", "reviewed_on"]].rename(columns={"reason": "review_reason"})
    return found.merge(last.astype(object), on="episode_key", how="left")


def until(home: Home, as_of: date) -> pd.DataFrame:
    """The reviews made until a date, in their order."""
    path = home.casework / FILE
    if not path.exists():
        return pd.DataFrame(columns=list(COLUMNS), dtype=object)
    found = pd.read_csv(io.StringIO(read_text(path)), dtype=str, keep_default_na=False)
    return found[found["reviewed_on"] <= as_of.isoformat()]


def priorities(home: Home, office_id: str, on: date) -> list[tuple[object, ...]]:
    """episode_key, band, probability, lower, upper, reasons, expires_on, review of an office's people, those first who may need most;
    none whose last day is before `on`."""
    return casework.read(
        home,
        "select episode_key, band, probability, lower, upper, reasons, expires_on, review from support_priority "
        "where office_id = ? and expires_on >= ? order by probability desc, episode_key",
        [office_id, on.isoformat()],
    )


def _checked(home: Home, one: Mapping[str, str], on: date) -> dict[str, str]:
    review, reason = one["review"], one["reason"]
    if review not in ("agree", "override") or (review == "override") != bool(reason):
        raise _refused("a review is `agree` without a reason, or `override` with one", "correct the review")
    if reason and reason not in reasons():
        raise _refused("the reason is not on the list", f"take one of: {', '.join(reasons())}")
    found = casework.read(home, ONE, [one["episode_key"]])
    if not found:
        raise _refused(
            "no support priority stands for this key", "take the key from `aftercare support --office OFFICE`"
        )
    ((office_id, model_id, band, expires_on),) = found
    if str(expires_on) < on.isoformat():
        raise _refused("the support priority has expired", "run aftercare nightly and look at the new one")
    told = {"office_id": office_id, "model_id": model_id, "band": band, "review": review, "reason": reason}
    return {"reviewed_on": on.isoformat(), "episode_key": one["episode_key"], **{k: str(v) for k, v in told.items()}}


def _refused(rule: str, next_step: str) -> ReviewError:
    return ReviewError(rule, stage=STAGE, next_step=next_step)
