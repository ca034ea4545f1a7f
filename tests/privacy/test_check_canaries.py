"""check-delivery and seal name tables, columns, rules and rows; no value, name or id of a delivery is in what they say or leave behind."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from flows.extract.contract import jds
from flows.extract.simulate import Parameters, write_delivery
from tests.conftest import aftercare
from tests.deliveries import rows_of, write_rows
from tests.privacy.scan import canaries, identifiers, words

CANARY = "Qxcafe99"


@pytest.fixture
def full_of_canaries(tmp_path: Path) -> Path:
    """A delivery with a canary in some row of every column, as an unknown column, as a file's name and in the manifest."""
    folder = tmp_path / "delivery"
    write_delivery(folder, Parameters(survivors=300), faults=True)
    for table in jds().tables:
        rows = rows_of(folder, table)
        for number, name in enumerate(list(rows[0])):
            rows[number % len(rows)][name] = f"{CANARY} {name}"
            rows[-1 - number % len(rows)][name] = f"{CANARY}@example.org"
        write_rows(folder, table, rows, names=[*rows[0], f"{CANARY} column"])
    (folder / "cases.csv").rename(folder / f"{CANARY}.csv")
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    manifest["extract_id"] = CANARY
    manifest["tables"]["cases"]["file"] = f"{CANARY}.csv"
    manifest["tables"][f"{CANARY}_table"] = manifest["tables"]["cases"]
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return folder


def secrets_of(folder: Path) -> set[bytes]:
    found = canaries(folder.with_name(f"{folder.name}.truth"))
    return {one.encode() for one in found if len(one) >= 5 and not one.isdecimal()}


@pytest.mark.parametrize("fmt", ["text", "json"])
def test_no_value_is_told(full_of_canaries: Path, tmp_path: Path, fmt: str) -> None:
    home = tmp_path / "home"
    done = aftercare(
        *("check-delivery", full_of_canaries, "--format", fmt, "--limit", 100), home=home, key_file=tmp_path / "key"
    )
    said = (done.stdout + done.stderr).encode()
    assert done.returncode in {0, 15}
    assert len(said) > 10_000, "there is much to say of it"
    assert CANARY[2:].encode() not in said.lower()
    assert words(said) & secrets_of(full_of_canaries) == set()
    assert not home.exists()
    assert not (tmp_path / "key").exists()


def test_no_id_is_told_and_nothing_is_written(full_of_canaries: Path, tmp_path: Path) -> None:
    write_delivery(tmp_path / "plain", Parameters(survivors=300), faults=True)
    before = sorted(path for path in tmp_path.rglob("*"))
    done = aftercare(
        *("check-delivery", tmp_path / "plain"), home=tmp_path / "home", key_file=tmp_path / "key", TMPDIR=str(tmp_path)
    )
    assert sorted(path for path in tmp_path.rglob("*")) == before
    ids = {one.encode() for one in identifiers(tmp_path / "plain")}
    assert len(ids) > 1000
    assert words((done.stdout + done.stderr).encode()) & ids == set()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda folder: (folder / "manifest.json").write_text(f'{{"{CANARY}": '),
        lambda folder: (folder / "survivors.csv").write_bytes((folder / "survivors.csv").read_bytes()[:-40] + b'"' + CANARY.encode()),
        lambda folder: (folder / "survivors.csv").write_text(f"{CANARY},a,a\n1,2\n"),
    ],
    ids=["manifest", "quotation mark", "header"],
)  # fmt: skip
def test_what_cannot_be_read_is_not_quoted(full_of_canaries: Path, tmp_path: Path, spoil: object) -> None:
    spoil(full_of_canaries)  # type: ignore[operator]
    done = aftercare("check-delivery", full_of_canaries, home=tmp_path / "home", key_file=tmp_path / "key")
    assert done.returncode in {10, 11}, done.stderr
    assert CANARY[2:].encode() not in (done.stdout + done.stderr).encode().lower()


def test_only_what_the_contract_needs_is_in_a_sealed_delivery(tmp_path: Path) -> None:
    """Names, texts and days of birth stay with the partner; what is told of them is nothing."""
    write_delivery(tmp_path / "typed", Parameters(survivors=300))
    (tmp_path / "typed" / "manifest.json").unlink()
    done = aftercare(
        *("seal", tmp_path / "typed", tmp_path / "sealed", "--extracted-at", "2026-11-01T01:30:00Z"),
        home=tmp_path / "home",
        key_file=tmp_path / "key",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    # Ids and reasons for closing are needed and travel; every other canary does not.
    needed = b" ".join(
        row[column.name].encode()
        for table in jds().tables.values()
        for column in table.columns
        if column.kind in {"key", "text", "closure"}
        for row in rows_of(tmp_path / "typed", table.name)
    )
    secrets = secrets_of(tmp_path / "typed") - words(needed)
    assert len(secrets) > 500
    assert words((done.stdout + done.stderr).encode()) & secrets_of(tmp_path / "typed") == set()
    sealed = b"".join(path.read_bytes() for path in (tmp_path / "sealed").iterdir())
    assert words(sealed) & secrets == set()
    born = {row["date_of_birth"] for row in rows_of(tmp_path / "sealed", "survivors")} - {""}
    assert born
    assert all(re.fullmatch(r"\d{4}-01-01", day) for day in born)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["sealed", "typed", "typed.truth"]
