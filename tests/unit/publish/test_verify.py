import json
import shutil
from pathlib import Path

import pytest

from flows.errors import VerifyError
from flows.publish import manifest
from flows.publish.release import verify


@pytest.fixture
def folder(assembled: Path, tmp_path: Path) -> Path:
    """A copy of an assembled folder made writable, as somebody with the right to could."""
    folder = tmp_path / "release"
    shutil.copytree(assembled, folder)
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o700 if path.is_dir() else 0o600)
    return folder


def test_what_was_assembled_passes(folder: Path):
    verify(folder, manifest.read(folder))
    verify(folder)


@pytest.mark.parametrize(
    "name",
    [
        "marts.duckdb",
        "parquet/core/fct_episode.parquet",
        "models/risk/model.json",
        "report/index.html",
        "share/curves.csv",
    ],
)
def test_f55_one_changed_byte_is_found(folder: Path, name: str):
    path = folder / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(VerifyError, match=name):
        verify(folder)


@pytest.mark.parametrize("name", ["marts.duckdb.wal", "parquet/core/x.wal"])
def test_f56_a_left_over_wal_is_refused(folder: Path, name: str):
    (folder / name).write_bytes(b"")
    with pytest.raises(VerifyError, match="write-ahead log"):
        verify(folder)


def test_an_added_and_a_missing_file_are_found(folder: Path):
    (folder / "share" / "more.csv").write_text("x")
    with pytest.raises(VerifyError, match=r"missing or were added.*Count: 1"):
        verify(folder)
    (folder / "share" / "more.csv").unlink()
    (folder / "report" / "index.html").unlink()
    with pytest.raises(VerifyError, match="missing or were added"):
        verify(folder)


def test_a_manifest_that_is_not_the_assembled_one_is_refused(folder: Path):
    expected = manifest.read(folder)
    (folder / "manifest.json").write_text(json.dumps(expected | {"seed": 8}))
    with pytest.raises(VerifyError, match="not the one that was assembled"):
        verify(folder, expected)


@pytest.mark.parametrize("content", ["", "{}", "[1]", "not json"])
def test_a_broken_manifest_is_refused(folder: Path, content: str):
    (folder / "manifest.json").write_text(content)
    with pytest.raises(VerifyError, match="missing or is not one"):
        verify(folder)


def test_row_counts_are_compared_with_the_open_file(folder: Path):
    changed = manifest.read(folder)
    changed["tables"]["core.fct_episode"]["rows"] += 1
    (folder / "manifest.json").write_text(json.dumps(changed))
    with pytest.raises(VerifyError, match=r"number of rows.*core\.fct_episode"):
        verify(folder)


def test_marts_of_another_release_are_refused(folder: Path):
    changed = manifest.read(folder) | {"release_id": "2026-11-01-0009"}
    (folder / "manifest.json").write_text(json.dumps(changed))
    with pytest.raises(VerifyError, match="another release"):
        verify(folder)
