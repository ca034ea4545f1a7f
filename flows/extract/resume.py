"""Where an incremental reading of a database goes on: after what the live release has seen, on top of what has landed."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from flows.extract.contract import Contract
from flows.extract.land import Extract
from flows.extract.scope import in_scope

# A full reading at least so often: it bounds how many extracts a night builds from.
MOST_EXTRACTS = 30
# How far before the cursor changes are read again.
OVERLAP = timedelta(hours=1)


@dataclass(frozen=True)
class Base:
    """What a reading goes on from: the extracts in scope, and the newest change that the live release has seen."""

    extracts: tuple[Extract, ...]
    cursor: datetime

    def since(self, overlap: timedelta) -> datetime:
        """Changes after this are read again; a change that was committed late is among them."""
        return self.cursor - overlap


def base_of(
    landed: list[Extract], released: frozenset[int], *, origin: str, contract: Contract, mapping: str = ""
) -> Base | str:
    """The base of an incremental reading of `origin`, or why everything has to be read.

    `landed` are the usable extracts, `released` the sequences that the live release was built from: an extract that was landed
    but never released does not move the cursor.
    """
    scope = in_scope(landed)
    seen = [extract.cursor for extract in scope if extract.sequence in released and extract.cursor]
    if not scope or not scope[0].is_full:
        return "nothing of this database has landed yet"
    if any(extract.cursor is None or extract.facts["origin"] != origin for extract in scope):
        return "the last full delivery came from elsewhere"
    if any(extract.facts.get("contract") != contract.fingerprint for extract in scope):
        return "the contract has changed"
    if any(extract.facts.get("mapping", "") != mapping for extract in scope):
        return "the source mapping has changed"
    if not seen:
        return "no release was made from the last full reading"
    if len(scope) >= MOST_EXTRACTS:
        return f"{len(scope)} readings followed each other"
    return Base(tuple(scope), max(seen))
