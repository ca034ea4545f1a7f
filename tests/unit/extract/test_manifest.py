"""manifest.json, read strictly, and the folder it stands in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from flows.errors import ContractError, DeliveryError
from flows.extract.contract import jds
from flows.extract.folder import open_folder
from flows.extract.manifest import read_manifest
from tests.nights import stamp
from tests.unit.oracle.small import Delivery


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return stamp(Delivery().form("a1", 0).write(tmp_path / "delivery"))


def rewrite(folder: Path, **facts: Any) -> Path:
    """The folder with other facts in its manifest; a fact that is `...` is taken out."""
    path = folder / "manifest.json"
    document = json.loads(path.read_text(encoding="utf-8")) | facts
    path.write_text(json.dumps({name: value for name, value in document.items() if value is not ...}), encoding="utf-8")
    return folder


def tables(folder: Path) -> dict[str, Any]:
    """The tables of the manifest."""
    return json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["tables"]


@pytest.mark.parametrize(
    "facts",
    [
        {"extract_id": ...}, {"extracted_at": ...}, {"mode": ...}, {"tables": ...}, {"schema_version": ...}, {"mode": "partial"},
        {"mode": None}, {"extracted_at": "yesterday"}, {"extracted_at": 7}, {"since": "never"}, {"tables": []}, {"tables": {"cases": 5}},
        {"tables": {"cases": {"file": "cases.csv"}}},
        {"tables": {"cases": {"file": "cases.csv", "rows": "many", "sha256": "0"}}},
        {"tables": {"cases": {"file": ["a.csv", "b.csv"], "rows": [1], "sha256": ["0", "1"]}}},
    ],
)  # fmt: skip
def test_a_manifest_in_another_form_is_refused(folder: Path, facts: dict[str, Any]) -> None:
    with pytest.raises(DeliveryError) as error:
        read_manifest(rewrite(folder, **facts), jds())
    assert "manifest.json is not in the agreed form" in error.value.text()


@pytest.mark.parametrize("text", ["", "[]", "null", "{", "7", '"jds"'])
def test_what_is_no_manifest_is_refused(folder: Path, text: str) -> None:
    (folder / "manifest.json").write_text(text, encoding="utf-8")
    with pytest.raises(DeliveryError) as error:
        read_manifest(folder, jds())
    assert "manifest.json cannot be read" in error.value.text()


def test_facts_are_read(folder: Path) -> None:
    manifest = read_manifest(rewrite(folder, since="2026-10-31T23:30:00-03:00", mode="incremental"), jds())
    assert (manifest.mode, manifest.extract_id) == ("incremental", "delivery")
    assert manifest.extracted_at.isoformat() == "2026-11-01T01:30:00+00:00"
    assert manifest.since is not None
    assert manifest.since.isoformat() == "2026-11-01T02:30:00+00:00"


def test_a_stamp_without_a_zone_is_utc(folder: Path) -> None:
    manifest = read_manifest(rewrite(folder, extracted_at="2026-11-01T01:30:00"), jds())
    assert manifest.extracted_at.isoformat() == "2026-11-01T01:30:00+00:00"


def test_a_table_nobody_knows_is_passed_over(folder: Path) -> None:
    known = tables(folder)
    manifest = read_manifest(
        rewrite(folder, tables=known | {"payments": {"file": "payments.csv", "rows": 1, "sha256": "0"}}), jds()
    )
    assert set(manifest.tables) == set(jds().tables)


def test_an_empty_table_is_refused_in_a_full_delivery_only(folder: Path) -> None:
    known = tables(folder)
    known["survivors"]["rows"] = 0
    assert read_manifest(rewrite(folder, tables=known, mode="incremental"), jds()).mode == "incremental"
    with pytest.raises(DeliveryError):
        read_manifest(rewrite(folder, mode="full"), jds())


@pytest.mark.parametrize("name", ["../secret.csv", "/etc/hostname", "below/../../secret.csv", "missing.csv", "."])
def test_a_file_outside_the_folder_is_not_read(folder: Path, name: str) -> None:
    (folder.parent / "secret.csv").write_bytes((folder / "cases.csv").read_bytes())
    known = tables(folder)
    known["cases"]["file"] = name
    with pytest.raises(DeliveryError) as error:
        open_folder(rewrite(folder, tables=known), jds())
    assert "is not in the folder" in error.value.text()
    assert "secret" not in error.value.text()


def test_a_link_out_of_the_folder_is_not_followed(folder: Path) -> None:
    (folder / "cases.csv").rename(folder.parent / "cases.csv")
    (folder / "cases.csv").symlink_to(folder.parent / "cases.csv")
    with pytest.raises(DeliveryError):
        open_folder(folder, jds())


def test_columns_are_found_by_name_in_any_order(folder: Path) -> None:
    delivery = open_folder(folder, jds())
    assert delivery.facts.extra_columns["survivors"] == 0
    assert set(delivery.parts["survivors"][0].types) == {column.name for column in jds().tables["survivors"].columns}


def test_equal_deliveries_have_equal_hashes_and_other_ones_other(folder: Path, tmp_path: Path) -> None:
    one = open_folder(folder, jds()).facts.hash
    assert open_folder(folder, jds()).facts.hash == one
    assert open_folder(rewrite(folder, mode="incremental"), jds()).facts.hash != one
    again = stamp(Delivery().form("a1", 1).write(tmp_path / "again"), extract_id="delivery")
    assert open_folder(again, jds()).facts.hash != one


def test_an_optional_column_may_be_absent(tmp_path: Path) -> None:
    import csv

    from tests.nights import sign

    folder = stamp(Delivery().form("a1", 0).write(tmp_path / "delivery"))
    for table, column, is_fine in (("offices", "recording_started_on", True), ("offices", "region", False)):
        path = folder / f"{table}.csv"
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        names = [name for name in rows[0] if name != column]
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, names, extrasaction="ignore")
            writer.writeheader()
            writer.writerows(rows)
        sign(folder, table)
        if is_fine:
            open_folder(folder, jds())
        else:
            with pytest.raises(ContractError):
                open_folder(folder, jds())
