"""Does the window explain what became of a table? Where it does not, the bins whose sums differ are read by key, and only those.

What the sums were when a reading landed, and what the rows of the window add to them and take from them, must give what they are
now. Where they do, nothing is gone and nothing came late. Where they do not, the sums of the bins say where to look.
"""

from dataclasses import dataclass, replace
from datetime import datetime

import duckdb

from flows.extract.contract import Contract, Table
from flows.extract.keyscan import Difference, Seen, count_rows, pseudonymised
from flows.extract.resume import Base
from flows.extract.scope import rows_in_force
from flows.extract.sums import BIN, FORM, ORIGIN, Server, Totals, kept_bins
from flows.warehouse import literal

Found = tuple[Seen, Difference]


@dataclass(frozen=True)
class Narrowing:
    """Holds one table's window and sums against what has landed (`base`)."""

    server: Server
    contract: Contract
    base: Base
    since: datetime

    def found(self, table: Table, now: Totals, types: dict[str, str]) -> Found | None:
        """What is there of a table and how it differs from what has landed; None where sums cannot tell, and every key must be read.

        Leaves the window's rows in `window_<table>`, what was added to each bin in `sums_<table>`, gone keys in `gone_<table>`.
        """
        kept = self.base.extracts[-1].facts.get("sums", {}).get(table.name)
        if now.without_stamp or not kept or len(kept) != 4 or int(kept[0]) != FORM:
            return None
        if not self.server.window(table, types, self.since):
            return None
        seen = replace(count_rows(self._connection, table, self.since), rows=now.sums[0])
        self._hold_against_landed(table)
        self._add_up(table)
        added = self._one(
            f'select coalesce(sum(n_rows), 0), coalesce(sum(keys), 0), coalesce(sum(stamps), 0) from "sums_{table.name}"'
        )
        changed, back = self._one(
            f'select count(*), count(*) filter (where seen_at < held_at) from "moved_{table.name}"'
        )
        explained = tuple(int(was) + int(more) for was, more in zip(kept[1:], added, strict=True)) == now.sums
        if explained:
            return seen, Difference(gone=0, changed=int(changed), missed=0, back=int(back))
        narrowed = self._narrowed(table)
        if narrowed is None:
            return None
        gone, missed, went_back = narrowed
        return seen, Difference(gone, int(changed), missed, int(back) + went_back)

    @property
    def _connection(self) -> duckdb.DuckDBPyConnection:
        return self.server.connection

    def _one(self, query: str) -> tuple[int, ...]:
        return tuple(self._connection.execute(query).fetchall()[0])

    def _held(self, table: Table) -> str:
        keys = ", ".join(f'"{name}"' for name in table.landed_key)
        return f"select {keys}, modified_at as held_at, true as is_held from ({rows_in_force(list(self.base.extracts), table)})"

    def _hold_against_landed(self, table: Table) -> None:
        """Make `at_<table>`: the window by landed keys; and `moved_<table>`: those of its rows that are new, or whose stamp is another."""
        keys = ", ".join(f'"{name}"' for name in table.landed_key)
        self._connection.execute(
            f'create or replace temp table "at_{table.name}" as select {keys}, modified_at as seen_at, hashed, stamped '
            f"from ({pseudonymised(self.contract, table, 'hashed, stamped')})"
        )
        self._connection.execute(
            f'create or replace temp table "moved_{table.name}" as select seen_at, hashed, stamped, held_at, is_held '
            f'from "at_{table.name}" left join ({self._held(table)}) using ({keys}) where held_at is distinct from seen_at'
        )

    def _add_up(self, table: Table) -> None:
        """Make `sums_<table>`: what the rows of the window add to the sums of their bins, and take from those where they were."""
        self.server.stamps(f'select distinct held_at from "moved_{table.name}" where held_at is not null')
        self._connection.execute(
            f'create or replace temp table "sums_{table.name}" as select bin, sum(n)::bigint as n_rows, '
            "sum(k)::decimal(38, 0) as keys, sum(s)::decimal(38, 0) as stamps from ("
            f'select {in_bin("seen_at")} as bin, 1 as n, hashed::hugeint as k, stamped::hugeint as s from "moved_{table.name}" '
            f'union all select {in_bin("held_at")}, -1, -(hashed::hugeint), -(held_stamp::hugeint) from "moved_{table.name}" '
            "join stamps using (held_at)) group by bin"
        )

    def _narrowed(self, table: Table) -> tuple[int, int, int] | None:
        """Keys gone, rows missed and stamps gone back in the bins whose sums are not explained; None where no sums of bins were kept."""
        kept = kept_bins(list(self.base.extracts))
        if kept is None:
            return None
        self.server.bins(table)
        before = f"select * exclude (table_name) from ({kept}) where table_name = {literal(table.name)}"
        self._connection.execute(
            f'create or replace temp table "wrong_{table.name}" as select bin from (select * from "bins_{table.name}" '
            f"union all by name select bin, -n_rows as n_rows, -keys as keys, "
            f'-stamps as stamps from (from ({before}) union all from "sums_{table.name}")) '
            "group by bin having sum(n_rows) <> 0 or sum(keys) <> 0 or sum(stamps) <> 0"
        )
        self._connection.execute(
            f'create or replace temp table "sums_{table.name}" as select bin, sum(n_rows)::bigint as n_rows, '
            "sum(keys)::decimal(38, 0) as keys, sum(stamps)::decimal(38, 0) as stamps from "
            f'(from "bins_{table.name}" union all select bin, -n_rows, -keys, -stamps from ({before})) group by bin'
        )
        wrong = self._connection.execute(f'from "wrong_{table.name}"').fetchall()
        self.server.keys_of_bins(table, [start for (start,) in wrong])
        return self._compare(table)

    def _compare(self, table: Table) -> tuple[int, int, int]:
        """Hold the keys of the bins that were read against what must be there: landed rows that no row of the window replaced."""
        keys = ", ".join(f'"{name}"' for name in table.landed_key)
        bins = f'(from "wrong_{table.name}")'
        there = pseudonymised(self.contract, table, "true as is_seen")
        self._connection.execute(
            f'create or replace temp table "both_{table.name}" as select {keys}, seen.modified_at as seen_at, is_seen, held_at, is_held '
            f"from ({there}) as seen full join (select * from ({self._held(table)}) where {in_bin('held_at')} in {bins}) as held "
            f'using ({keys}) anti join "at_{table.name}" as replaced using ({keys})'
        )
        gone, missed, back = self._one(
            "select count(*) filter (where is_seen is null), count(*) filter (where is_seen and seen_at is distinct from held_at), "
            f'count(*) filter (where seen_at < held_at) from "both_{table.name}"'
        )
        self._connection.execute(
            f'create or replace temp table "gone_{table.name}" as select {keys} from "both_{table.name}" where is_seen is null'
        )
        return int(gone), int(missed), int(back)


def in_bin(column: str) -> str:
    """The bin of a stamp, as the server tells it."""
    return f"time_bucket({BIN}, {column}, {ORIGIN})"
