"""Covariates side by side in blocks of rows, so that a million months need no second copy."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

BLOCK = 32_768
KEPT = 40_000_000  # numbers: a table no larger is made once and kept


@dataclass(frozen=True)
class Shared:
    """A table (r, k) that holds each person's row once: `of` (r,) is the row of `table` (n, k)."""

    table: Singles
    of: Ints

    @property
    def shape(self) -> tuple[int, int]:
        """Of the table that it stands for."""
        return len(self.of), self.table.shape[1]

    def __getitem__(self, rows: Ints) -> Singles:
        return self.table[self.of[rows]]


Part = Singles | Shared


@dataclass(frozen=True)
class Columns:
    """Tables (r, k) each, of which `rows` are used; the first column of all is 1."""

    parts: tuple[Part, ...]
    rows: Ints

    @property
    def width(self) -> int:
        """How many columns there are, with the first."""
        return 1 + sum(part.shape[1] for part in self.parts)

    def __len__(self) -> int:
        return len(self.rows)

    def blocks(self) -> Iterator[tuple[slice, Floats]]:
        """Slices of `rows`, and the columns there as doubles."""
        is_kept = len(self.rows) * self.width <= KEPT
        for at in range(0, len(self.rows), BLOCK):
            which = slice(at, min(at + BLOCK, len(self.rows)))
            yield which, self._whole[which] if is_kept else self._made(self.rows[which])

    @cached_property
    def _whole(self) -> Floats:
        return self._made(self.rows)

    def _made(self, rows: Ints) -> Floats:
        out = np.empty((len(rows), self.width))
        out[:, 0] = 1.0
        at = 1
        for part in self.parts:
            out[:, at : at + part.shape[1]] = part[rows]
            at += part.shape[1]
        return out

    def times(self, theta: Floats) -> Floats:
        """Columns @ theta, (len,)."""
        out = np.empty(len(self.rows))
        for which, x in self.blocks():
            out[which] = x @ theta
        return out

    def thinned(self, step: int) -> "Columns":
        """Every step-th of the rows."""
        return Columns(self.parts, self.rows[::step])
