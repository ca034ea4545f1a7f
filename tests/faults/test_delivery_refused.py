"""Deliveries that must be refused: what the command says, word for word, and that nothing anybody sees has changed."""

from __future__ import annotations

import csv
import gzip
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from flows.errors import Exit
from tests.conftest import WholeNight
from tests.faults.refusals import Said, refusal, run, visible
from tests.nights import sign, stamp
from tests.unit.oracle.small import Delivery

pytestmark = pytest.mark.xdist_group("clean")

STAYS = "The last release stays live."
AGAIN = "Next: ask for the delivery again; nothing of it was loaded"
WAIT = "Next: wait until the delivery is complete, then run again"
LATER = "2026-12-01T01:30:00Z"

Change = Callable[[Path], object]


def a_delivery() -> Delivery:
    """A small whole delivery; its ids and texts must stand in no message."""
    delivery = Delivery(bare=True).add("offices").add("partners", partner_id="id-p1")
    for number in range(8):
        person = f"id-s{number}"
        delivery.add("survivors", survivor_id=person, full_name="Amina, née 'Okello'", phone="id-555")
        delivery.add("cases", case_id=f"id-c{number}")
        delivery.add("aftercare_episodes", episode_id=f"id-e{number}", survivor_id=person, case_id=f"id-c{number}")
        delivery.form(f"id-a{number}", 0, episode=f"id-e{number}", form={"notes": 'id-note, "quoted"\nover two lines'})
    return delivery


def manifest(folder: Path, change: Callable[[dict], object]) -> None:
    """Change the manifest of a folder."""
    path = folder / "manifest.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    change(document)
    path.write_text(json.dumps(document), encoding="utf-8")


def cut(folder: Path, table: str, where: Callable[[bytes], int], *, signed: bool) -> None:
    """Cut a table's file off; with `signed` the manifest's hash is that of what is left."""
    path = folder / f"{table}.csv"
    content = path.read_bytes()
    path.write_bytes(content[: where(content)])
    if signed:
        sign(folder, table)


def flip(folder: Path) -> None:
    """Turn one bit in the middle of a file."""
    path = folder / "aso_scores.csv"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


def header(folder: Path, table: str, old: str, new: str) -> None:
    """Rename a column of a table, or leave it out of the header and every row when `new` is empty."""
    path = folder / f"{table}.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    place = rows[0].index(old)
    if new:
        rows[0][place] = new
    else:
        rows = [row[:place] + row[place + 1 :] for row in rows]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    sign(folder, table)


def emptied(folder: Path) -> None:
    """Only the header is left, and the manifest agrees."""
    cut(folder, "survivors", lambda content: content.index(b"\n") + 1, signed=True)
    manifest(folder, lambda document: document["tables"]["survivors"].update(rows=0))


def rewritten(folder: Path, table: str, change: Callable[[bytes], bytes]) -> None:
    """A file's bytes changed, and the manifest's hash with them."""
    path = folder / f"{table}.csv"
    path.write_bytes(change(path.read_bytes()))
    sign(folder, table)


# fault: what is done to the delivery, the exit code, and the text.
REFUSED: dict[str, tuple[Change, Exit, str]] = {
    "F1_folder_missing": (
        shutil.rmtree, Exit.DELIVERY,
        f"delivery check refused (exit 10): the delivery folder does not exist. {STAYS} "
        "Next: check --source, or wait for the delivery",
    ),
    "F2_manifest_missing": (
        lambda folder: (folder / "manifest.json").unlink(), Exit.DELIVERY,
        f"delivery check refused (exit 10): manifest.json is missing, so the delivery is not complete. {STAYS} {WAIT}",
    ),
    "F2_manifest_cut": (
        lambda folder: (folder / "manifest.json").write_text('{"source": "jds", "ta'), Exit.DELIVERY,
        f"delivery check refused (exit 10): manifest.json cannot be read. {STAYS} {AGAIN}",
    ),
    "F2_manifest_without_a_time": (
        lambda folder: manifest(folder, lambda document: document.pop("extracted_at")), Exit.DELIVERY,
        f"delivery check refused (exit 10): manifest.json is not in the agreed form. {STAYS} {AGAIN}",
    ),
    "F3_file_missing": (
        lambda folder: (folder / "cases.csv").unlink(), Exit.DELIVERY,
        f"delivery check refused (exit 10): a file that the manifest names is not in the folder. Table: cases. {STAYS} {AGAIN}",
    ),
    "F3_table_missing": (
        lambda folder: manifest(folder, lambda document: document["tables"].pop("cases")), Exit.CONTRACT,
        f"delivery check refused (exit 11): required tables are missing: cases. Count: 1. {STAYS} "
        "Next: map or add the tables at the source; nothing of the delivery was loaded",
    ),
    "F4_file_cut_in_a_quoted_field_is_refused_by_hash": (
        lambda folder: cut(folder, "survivors", lambda content: content.rindex(b"Okello"), signed=False), Exit.DELIVERY,
        f"delivery check refused (exit 10): a file's SHA-256 is not the manifest's. Table: survivors. {STAYS} {AGAIN}",
    ),
    "F4_file_cut_in_a_quoted_field_is_refused_by_the_reader": (
        lambda folder: cut(folder, "survivors", lambda content: content.rindex(b"Okello"), signed=True), Exit.DELIVERY,
        "landing refused (exit 10): a file cannot be read as strict UTF-8 CSV or Parquet. Table: survivors. "
        f"{STAYS} {AGAIN}",
    ),
    "F5_file_cut_at_a_line_end_is_refused_by_row_count": (
        lambda folder: cut(folder, "aso_scores", lambda content: content.rindex(b"\n", 0, -200) + 1, signed=True), Exit.DELIVERY,
        "landing refused (exit 10): the rows read are not as many as the manifest says (read 155, wanted 160). "
        f"Table: aso_scores. Count: 5. {STAYS} {AGAIN}",
    ),
    "F6_file_with_no_rows": (
        emptied, Exit.DELIVERY,
        f"delivery check refused (exit 10): a table that cannot be empty has no rows. Table: survivors. {STAYS} {AGAIN}",
    ),
    "F7_bytes_flipped": (
        flip, Exit.DELIVERY,
        f"delivery check refused (exit 10): a file's SHA-256 is not the manifest's. Table: aso_scores. {STAYS} {AGAIN}",
    ),
    "F9_older_than_the_last": (
        lambda folder: stamp(folder, extracted_at="2020-01-01T00:00:00Z"), Exit.OLDER,
        f"delivery check refused (exit 12): the delivery was extracted before one that has already landed. {STAYS} "
        "Next: deliver the newest extract; to go back to an older release use aftercare rollback",
    ),
    "F11_utf_16": (
        lambda folder: rewritten(folder, "cases", lambda content: content.decode().encode("utf-16")), Exit.DELIVERY,
        f"delivery check refused (exit 10): a file is not UTF-8 text without a byte-order mark. Table: cases. {STAYS} "
        "Next: ask for the delivery as UTF-8 CSV, or as Parquet",
    ),
    "F11_byte_order_mark": (
        lambda folder: rewritten(folder, "cases", lambda content: b"\xef\xbb\xbf" + content), Exit.DELIVERY,
        f"delivery check refused (exit 10): a file is not UTF-8 text without a byte-order mark. Table: cases. {STAYS} "
        "Next: ask for the delivery as UTF-8 CSV, or as Parquet",
    ),
    "F11_latin_1": (
        lambda folder: rewritten(folder, "survivors", lambda content: content.decode().encode("latin-1")), Exit.DELIVERY,
        f"delivery check refused (exit 10): a file is not UTF-8 text without a byte-order mark. Table: survivors. {STAYS} "
        "Next: ask for the delivery as UTF-8 CSV, or as Parquet",
    ),
    "F15_column_removed": (
        lambda folder: header(folder, "survivors", "consent_analytics", ""), Exit.CONTRACT,
        "delivery check refused (exit 11): required columns are missing: consent_analytics. Table: survivors. Count: 1. "
        f"{STAYS} Next: map or add the columns at the source; nothing of the delivery was loaded",
    ),
    "F16_column_renamed": (
        lambda folder: header(folder, "aftercare_episodes", "exit_date", "left_on"), Exit.CONTRACT,
        "delivery check refused (exit 11): required columns are missing: exit_date. Table: aftercare_episodes. Count: 1. "
        f"{STAYS} Next: map or add the columns at the source; nothing of the delivery was loaded",
    ),
    "F17_column_twice": (
        lambda folder: header(folder, "cases", "summary", "case_reference"), Exit.CONTRACT,
        f"delivery check refused (exit 11): a column name stands twice. Table: cases. {STAYS} {AGAIN}",
    ),
    "F3_another_schema_version": (
        lambda folder: stamp(folder, schema_version="2"), Exit.CONTRACT,
        f"delivery check refused (exit 11): the delivery's schema_version is not the contract's. {STAYS} "
        "Next: deliver in schema version 1, or upgrade the pipeline",
    ),
    "F11_packed_file": (
        lambda folder: rewritten(folder, "cases", gzip.compress), Exit.DELIVERY,
        f"delivery check refused (exit 10): a file is not UTF-8 text without a byte-order mark. Table: cases. {STAYS} "
        "Next: ask for the delivery as UTF-8 CSV, or as Parquet",
    ),
}  # fmt: skip


@pytest.fixture
def night(
    clean_night: WholeNight, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Said]:
    """`aftercare nightly` on the shared home, which a refused run must leave as it is."""
    monkeypatch.setenv("AFTERCARE_KEY_FILE", str(clean_night.key_file))
    monkeypatch.setenv("AFTERCARE_DRAWS", "20")

    def nightly(*arguments: object) -> Said:
        before = visible(clean_night.home)
        said = run(monkeypatch, capsys, clean_night.home, "nightly", *arguments)
        assert visible(clean_night.home) == before, "the last release or the raw files changed"
        return said

    return nightly


@pytest.mark.parametrize("fault", REFUSED)
@pytest.mark.fault("F1", "F2", "F3", "F4", "F5", "F6", "F7", "F9", "F11", "F15", "F16", "F17")
def test_delivery_is_refused(tmp_path: Path, night: Callable[..., Said], fault: str) -> None:
    change, code, text = REFUSED[fault]
    folder = stamp(a_delivery().write(tmp_path / "delivery"), extracted_at=LATER)
    change(folder)
    said = night("--source", folder)
    assert said.code == code
    assert refusal(said.err) == text
    assert "id-" not in said.out + said.err
    assert "Okello" not in said.out + said.err


def test_F10_a_file_that_changes_while_it_is_read_is_refused(
    tmp_path: Path, night: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows.extract import folder as rooms

    delivery = stamp(a_delivery().write(tmp_path / "delivery"), extracted_at=LATER)
    scan = rooms.FolderDelivery.scan

    def scan_and_grow(self: rooms.FolderDelivery, table: str) -> str:
        if table == "support_services":
            with (delivery / "survivors.csv").open("ab") as file:
                file.write(b"id-more\n")
        return scan(self, table)

    monkeypatch.setattr(rooms.FolderDelivery, "scan", scan_and_grow)
    said = night("--source", delivery)
    assert said.code == Exit.DELIVERY
    assert refusal(said.err) == (
        f"delivery check refused (exit 10): a file changed while it was read. Table: survivors. {STAYS} {WAIT}"
    )


def test_F8_the_same_delivery_again_is_nothing_to_do(
    clean_night: WholeNight, night: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    made_by = json.loads((clean_night.home / "current" / "manifest.json").read_text(encoding="utf-8"))["code_version"]
    monkeypatch.setattr("flows.night.code_version", lambda: made_by)
    said = night("--source", clean_night.delivery)
    assert said.code == Exit.OK
    release = (clean_night.home / "current").resolve().name
    assert said.out == (
        f"Nothing to do: release {release} was made from this delivery, code, settings and date (--rebuild forces).\n"
    )
