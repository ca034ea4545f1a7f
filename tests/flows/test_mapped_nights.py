"""Nights on sources with words of their own, from the command to the release."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from flows.cli import cli
from flows.errors import ContractError, StageError
from flows.extract.land import extracts
from flows.warehouse import connect
from tests.htcds_delivery import write_htcds
from tests.nights import SECRET, tree_hash

pytestmark = pytest.mark.xdist_group("mapped")  # what they share is made once

NAMES = (b"Okello", b"Amina", b"+254700000000", b"1980-05-06", b"A case worker")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_htcds(tmp_path_factory.mktemp("htcds") / "delivery")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, source: Path) -> Path:
    """A home with the release of one night on the HTCDS delivery."""
    folder = tmp_path_factory.mktemp("home")
    said = aftercare("nightly", "--source", source, "--home", folder, "--mapping", "htcds")
    assert "is live" in said
    return folder


def aftercare(*arguments: object) -> str:
    """What the command says; the error that it ends with."""
    ran = CliRunner().invoke(
        cli,
        [str(one) for one in arguments],
        env={"AFTERCARE_KEY": SECRET.hex(), "AFTERCARE_DRAWS": "20"},
    )
    if ran.exception:
        raise ran.exception
    return ran.output


def of_release(home: Path, query: str) -> list[tuple[object, ...]]:
    with connect(home / "current" / "marts.duckdb", read_only=True) as marts:
        return marts.execute(query).fetchall()


def test_a_standard_without_assessments_comes_to_a_release_of_episodes_and_services(home: Path) -> None:
    # Of 40 people every fifth withheld consent or was not asked.
    assert of_release(home, "select count(*), count(distinct survivor_key) from core.fct_episode") == [(32, 32)]
    assert of_release(home, "select count(*) from aso.fct_assessment") == [(0,)]
    assert of_release(home, "select count(distinct outcome) > 1 from core.fct_episode") == [(True,)]
    [(services,)] = of_release(home, "select count(*) from services.timeline")
    assert int(str(services)) > 0
    empty = of_release(
        home, """select count(*) from quality."check" where check_id like 'aso%.not_empty' and status = 'warn'"""
    )
    assert empty == [(2,)]


def test_the_release_says_which_mapping_made_it(home: Path) -> None:
    manifest = json.loads((home / "current" / "manifest.json").read_text(encoding="utf-8"))
    [extract] = manifest["extracts"]
    assert len(extract["mapping"]) == 16
    assert extract["tables"]["survivors"]["rows"] == 40


def test_no_name_of_the_source_is_anywhere_in_the_home(home: Path) -> None:
    found = [
        path
        for path in tree_hash(home)
        if Path(path).is_file() and any(name in Path(path).read_bytes() for name in NAMES)
    ]
    assert found == []


def test_the_same_again_is_nothing_to_do_and_a_changed_mapping_lands_everything_again(
    home: Path, source: Path, tmp_path: Path
) -> None:
    again = aftercare("nightly", "--source", source, "--home", home, "--mapping", "htcds")
    assert again.startswith("Nothing to do")
    import flows.extract.mapping

    text = (Path(flows.extract.mapping.__file__).parent / "htcds.yml").read_text(encoding="utf-8")
    changed = tmp_path / "ours.yml"
    changed.write_text(text.replace("Financial: basic_needs", "Financial: other"), encoding="utf-8")
    before = len(extracts(home / "raw"))
    assert "is live" in aftercare("nightly", "--source", source, "--home", home, "--mapping", changed)
    hashes = {extract.facts["mapping"] for extract in extracts(home / "raw")}
    assert (len(extracts(home / "raw")), len(hashes)) == (before + 1, 2)


def test_a_mapping_to_a_column_that_is_not_there_refuses_the_night(home: Path, source: Path, tmp_path: Path) -> None:
    import flows.extract.mapping

    text = (Path(flows.extract.mapping.__file__).parent / "htcds.yml").read_text(encoding="utf-8")
    wrong = tmp_path / "wrong.yml"
    wrong.write_text(text.replace("nationality: prs_Citizenship", "nationality: prs_Nationality"), encoding="utf-8")
    live = (home / "current").resolve()
    with pytest.raises(ContractError) as refused:
        aftercare("nightly", "--source", source, "--home", home, "--mapping", wrong)
    assert str(refused.value).startswith("source mapping refused (exit 11): mapping htcds: line ")
    assert "survivors.nationality: the source column prs_Nationality is not in Person" in str(refused.value)
    assert "Table: survivors." in str(refused.value)
    assert (home / "current").resolve() == live


def test_check_says_the_rows_of_each_table_and_list_the_names(source: Path) -> None:
    said = aftercare("mapping", "check", "htcds", "--source", source)
    assert "survivors                      40 rows   Person, Consent" in said
    assert "aso_scores                      0 rows   (the source has none)" in said
    assert [line.split()[0] for line in aftercare("mapping", "list").splitlines()] == ["jds", "hmis", "htcds"]
    with pytest.raises(ContractError, match="has to be decided"):
        aftercare("mapping", "check", "hmis", "--source", source)


def test_codes_that_a_mapping_leaves_unknown_are_shown(source: Path, tmp_path: Path) -> None:
    folder = write_htcds(tmp_path / "odd")
    path = folder / "Person.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("NonConforming", "Unheard"), encoding="utf-8")
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    import hashlib

    manifest["tables"]["Person"]["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    said = aftercare("unmapped", "--source", folder, "--mapping", "htcds", "--home", tmp_path / "home")
    assert "survivors.gender: Unheard (10 rows)" in said
    assert "add to the mapping htcds, survivors, gender, codes: Unheard: <a code of the contract>" in said
    assert "jds.yml" not in said


def test_a_mapping_without_a_source_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StageError, match="a mapping is named, but no source"):
        aftercare("nightly", "--home", tmp_path, "--mapping", "htcds")
