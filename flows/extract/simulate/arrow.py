"""From facts to Arrow: dates, codes and moments, and which rows and stamps are seen at one moment."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from flows.extract.simulate.frame import Column, Frame, take


def dates(days: Column, valid: Column | None = None) -> pa.Array:
    """Calendar dates; null where not valid."""
    return pa.array(days.astype("datetime64[D]"), mask=None if valid is None else ~valid)


def coded(numbers: Column, texts: Sequence[str], valid: Column | None = None) -> pa.Array:
    """The texts that the numbers stand for; null where not valid."""
    indices = pa.array(numbers.astype(np.int8), mask=None if valid is None else ~valid)
    return pa.DictionaryArray.from_arrays(indices, pa.array(list(texts)))


def stamps(seconds: Column, valid: Column | None = None) -> pa.Array:
    """Moments in UTC; null where not valid."""
    return pa.array(seconds, type=pa.timestamp("s", tz="UTC"), mask=None if valid is None else ~valid)


def modified(at: int, created: Column, *events: Column) -> Column:
    """The stamp of the last of these events that has happened."""
    latest = created.copy()
    for event in events:
        latest = np.where((event <= at) & (event > latest), event, latest)
    return latest


def there(frame: Frame, at: int) -> Frame:
    """The rows that have been typed in and are not gone."""
    is_there = frame["created_s"] <= at
    if "gone_s" in frame:
        is_there &= frame["gone_s"] > at
    return take(frame, is_there)


def common(frame: Frame, at: int, *events: str) -> dict[str, pa.Array]:
    """The columns that every table has; `modified_at` is the last of the events named, or of a deletion."""
    names = (*events, "deleted_s") if "deleted_s" in frame else events
    latest = modified(at, frame["created_s"], *(frame[name] for name in names))
    columns = {"modified_at": stamps(latest), "created_at": stamps(frame["created_s"])}
    if "deleted_s" in frame:
        columns["is_deleted"] = pa.array(frame["deleted_s"] <= at)
    return columns
