"""Looking for texts in everything under a folder: every byte, and every cell of Parquet and DuckDB files decoded, encrypted ones with
the key that is at hand; workbooks unpacked; pictures, also those inside of pages, with what they say of themselves."""

from __future__ import annotations

import base64
import contextlib
import gzip
import json
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import duckdb

from flows.warehouse import connect, readable

WORD = re.compile(rb"[A-Za-z0-9_\-]+")
TOKEN = re.compile(rb"Qx[0-9a-f]{6}")
PNG = b"\x89PNG\r\n\x1a\n"
DATA = re.compile(rb"data:[\w/+.-]+;base64,([A-Za-z0-9+/=]+)")


def files(home: Path) -> list[Path]:
    """Every file of a home; the simulated source, which stands outside the pipeline, excepted."""
    return [
        path
        for path in sorted(home.rglob("*"))
        if path.is_file() and not path.is_symlink() and "embedded-jds" not in path.parts
    ]


def contents(path: Path) -> Iterator[bytes]:
    """The bytes of a file as they are and, where it is packed, what they stand for."""
    content = path.read_bytes()
    yield content
    if content[:2] == b"\x1f\x8b":
        yield gzip.decompress(content)
    if content[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(path) as packed:
            yield from (packed.read(name) for name in packed.namelist())
    if content[:8] == PNG:
        yield from _said_by_picture(content)
    for embedded in DATA.findall(content):
        picture = base64.b64decode(embedded)
        yield picture
        if picture[:8] == PNG:
            yield from _said_by_picture(picture)
    if content[:4] in (b"PAR1", b"PARE"):
        with connect() as connection:
            yield from _cells(readable(connection, path), connection)
    if content[8:12] == b"DUCK":
        with connect(path, read_only=True) as connection:
            tables = connection.execute(
                "select table_schema, table_name from information_schema.tables where table_type = 'BASE TABLE' "
                "and table_catalog = current_database()"
            ).fetchall()
            for schema, table in tables:
                yield from _cells(f'"{schema}"."{table}"', connection)


def _said_by_picture(content: bytes) -> Iterator[bytes]:
    """The texts that a PNG says of itself, unpacked: title, author, software, comments, EXIF and XMP."""
    at = len(PNG)
    while at + 8 <= len(content):
        size, kind = int.from_bytes(content[at : at + 4], "big"), content[at + 4 : at + 8]
        body = content[at + 8 : at + 8 + size]
        if kind in (b"tEXt", b"iTXt", b"eXIf", b"zTXt"):
            yield body
            for start in (
                i + 1 for i, byte in enumerate(body) if byte == 0
            ):  # what is packed begins after some zero byte
                with contextlib.suppress(zlib.error):
                    yield zlib.decompress(body[start:])
        at += size + 12


def _cells(relation: str, connection: duckdb.DuckDBPyConnection) -> Iterator[bytes]:
    names = [row[0] for row in connection.execute(f"describe select * from {relation}").fetchall()]
    yield "\n".join(names).encode()
    for name in names:
        rows = connection.execute(
            f'select distinct "{name}"::varchar from {relation} where "{name}" is not null'
        ).fetchall()
        yield "\n".join(value for (value,) in rows).encode()


def words(text: bytes) -> set[bytes]:
    """The words of a text, and those parts of them that are joined by dashes."""
    return set(WORD.findall(text))


def leaks(home: Path, secrets: Iterable[str]) -> dict[str, int]:
    """File -> how many of the secrets, as whole words, or tokens of canaries stand in it. Never which."""
    wanted = {secret.encode() for secret in secrets}
    found: dict[str, int] = {}
    for path in files(home):
        for content in contents(path):
            if n := len(words(content) & wanted) + len(TOKEN.findall(content)):
                found[path.relative_to(home).as_posix()] = found.get(path.relative_to(home).as_posix(), 0) + n
    return found


def canaries(truth: Path) -> set[str]:
    """The canaries of a simulated delivery."""
    return set((truth / "canaries.txt").read_text(encoding="utf-8").split())


def identifiers(delivery: Path) -> set[str]:
    """Every id of a person, case, episode, form or record of a delivery."""
    manifest = json.loads((delivery / "manifest.json").read_text(encoding="utf-8"))
    found: set[str] = set()
    for table, columns in IDENTIFIERS.items():
        source = delivery / manifest["tables"][table]["file"]
        for column in columns:
            query = f'select distinct "{column}" from read_csv(\'{source}\', all_varchar=true, header=true) where "{column}" is not null'
            found |= {value for (value,) in duckdb.sql(query).fetchall()}
    return found


IDENTIFIERS = {
    "survivors": ("survivor_id", "household_id", "merged_into", "identity_number"),
    "cases": ("case_id", "rescue_operation_id"),
    "aftercare_episodes": ("episode_id",),
    "aso_assessments": ("assessment_id", "assessor_id"),
    "community_events": ("attendance_id",),
    "health_services": ("health_service_id",),
    "legal_proceedings": ("proceeding_id",),
    "support_services": ("support_service_id",),
}
