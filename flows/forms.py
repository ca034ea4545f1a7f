"""Which files of a home lie encrypted and which in clear, layer by layer, whatever the setting says of new ones."""

from collections.abc import Iterator
from pathlib import Path

from flows.casework import FILE as CASEWORK
from flows.erase import suppression
from flows.erase.held import release_folders
from flows.reviews import FILE as REVIEWS
from flows.warehouse import MARTS, Home, is_sealed

Row = dict[str, object]


def form_rows(home: Home) -> list[Row]:
    """Layer, what it is, how many of its files lie encrypted and how many in clear: each delivery, night and release for itself."""
    return [row for layer, name, files in _layers(home) if (row := _row(layer, name, files))]


def _layers(home: Home) -> Iterator[tuple[str, str, list[Path]]]:
    for layer, folder in (("raw", home.raw), ("history", home.history)):
        for one in sorted(folder.glob("[!.]*")):
            yield layer, one.name, [*one.glob("*.parquet"), *one.glob("share.json")]
    for one in release_folders(home):
        yield "releases", one.name, [one / MARTS, *one.glob("parquet/*/*.parquet")]
    yield "case-work", home.casework.name, [home.casework / CASEWORK, home.casework / REVIEWS]
    yield "erasure", "list", [suppression.path(home)]
    for one in sorted(home.runs.glob("[0-9]*T*")):
        yield "runs", one.name, [*one.glob("*.duckdb")]


def _row(layer: str, name: str, files: list[Path]) -> Row | None:
    there = [is_sealed(file) for file in files if file.is_file()]
    if not there:
        return None
    return {"layer": layer, "what": name, "encrypted": sum(there), "in clear": len(there) - sum(there)}
