"""The definitions of a run: what a file may set, what it may not, and what of it goes on."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from flows.definitions import FIXED, DefinitionError, Definitions, definitions_of, shipped
from flows.embedded import source_or_embedded
from flows.errors import ContractError, Exit
from flows.extract.contract import CODE_SEEDS, instruments, jds
from flows.extract.simulate.codes import DOMAIN_ITEMS, DOMAINS, INDICATORS
from flows.night import config_hash
from flows.settings import PROJECT, SettingsError
from ml.duration.optimal_time import DEFINITION_VERSION
from ml.duration.rows import MONTH_DAYS
from tests.nights import settings_for


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "definitions.yml"


def given(file: Path, text: str, instrument: str = "aso") -> Definitions:
    file.write_text(text, encoding="utf-8")
    return definitions_of(instrument, file)


def test_without_a_file_nothing_differs_from_what_ships() -> None:
    assert definitions_of("aso", None) == Definitions("aso", {})
    assert definitions_of("aso", None).in_force == ""
    assert definitions_of("hmis", None).in_force == "instrument=hmis"


def test_what_ships_is_the_contract_and_belongs_to_the_instrument() -> None:
    aso, hmis = shipped("aso"), shipped("hmis")
    values = [aso[name]["value"] for name in ("restoration_cutoff", "minimum_scored_domains", "minimum_item_share")]
    assert values == [3.0, 5, "2/3"]
    assert aso["restoration_rule"]["value"] == "all_domains_ge_cutoff"
    assert hmis["minimum_scored_domains"]["value"] == 3
    assert [3 * aso[name]["value"] for name in ("measurable_change", "substantial_change")] == [0.375, 0.75]


def test_a_file_sets_values_and_keeps_only_what_differs(file: Path) -> None:
    found = given(
        file,
        "restoration_cutoff: {version: 2, value: 2.5, since: 2026-12-01}\n"
        "end_window_days: {version: 1, value: 60, since: 2026-11-22}\n"
        "earliest_plausible_date: {version: 2, value: 1980-01-01, since: '2026-12-01'}\n",
    )
    assert found.as_json() == {
        "instrument": "aso",
        "given": {
            "earliest_plausible_date": {"version": 2, "value": "1980-01-01", "since": "2026-12-01"},
            "restoration_cutoff": {"version": 2, "value": 2.5, "since": "2026-12-01"},
        },
    }
    assert found.in_force == "earliest_plausible_date/2=1980-01-01; restoration_cutoff/2=2.5"


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("restoration_cut_off: {version: 2, value: 2.5, since: 2026-12-01}", "is not a definition that can be set"),
        ("month_days: {version: 2, value: 28, since: 2026-12-01}", "is not a definition that can be set"),
        ("headline_curve: {version: 2, value: mine, since: 2026-12-01}", "is not a definition that can be set"),
        ("restoration_cutoff: 2.5", "does not say version, value and since"),
        ("restoration_cutoff: {version: 2, value: 2.5}", "does not say version, value and since"),
        ("restoration_cutoff: {version: 1, value: 2.5, since: 2026-12-01}", "another value under the shipped version"),
        ("minimum_item_share: {version: 1, value: 3/4, since: 2026-12-01}", "another value under the shipped version"),
        ("restoration_cutoff: {version: 0, value: 2.5, since: 2026-12-01}", "version or since"),
        ("restoration_cutoff: {version: true, value: 2.5, since: 2026-12-01}", "version or since"),
        ("restoration_cutoff: {version: 2, value: 2.5, since: soon}", "version or since"),
        ("restoration_cutoff: {version: 2, value: 4.5, since: 2026-12-01}", "the value of restoration_cutoff"),
        ("restoration_cutoff: {version: 2, value: high, since: 2026-12-01}", "the value of restoration_cutoff"),
        ("restoration_cutoff: {version: 2, value: .nan, since: 2026-12-01}", "the value of restoration_cutoff"),
        ("restoration_rule: {version: 2, value: most_items, since: 2026-12-01}", "the value of restoration_rule"),
        ("minimum_scored_domains: {version: 2, value: 7, since: 2026-12-01}", "the value of minimum_scored_domains"),
        ("minimum_scored_domains: {version: 2, value: 4.5, since: 2026-12-01}", "the value of minimum_scored_domains"),
        ("minimum_item_share: {version: 2, value: 1/0, since: 2026-12-01}", "the value of minimum_item_share"),
        ("minimum_item_share: {version: 2, value: 0, since: 2026-12-01}", "the value of minimum_item_share"),
        ("minimum_item_share: {version: 2, value: true, since: 2026-12-01}", "the value of minimum_item_share"),
        ("end_window_days: {version: 2, value: \"60) or (1=1\", since: 2026-12-01}", "the value of end_window_days"),
        ("end_window_days: {version: 2, value: true, since: 2026-12-01}", "the value of end_window_days"),
        ("language_pool: {version: 2, value: 5, since: 2026-12-01}", "the value of language_pool"),
        ("earliest_plausible_date: {version: 2, value: early, since: 2026-12-01}", "the value of earliest_plausible_date"),
        ("sustained_to_days: {version: 2, value: 300, since: 2026-12-01}", "are not in this order"),
        ("measurable_change: {version: 2, value: 0.3, since: 2026-12-01}", "are not in this order"),
        ("- restoration_cutoff", "is not a list of definitions by name"),
        ("1: {version: 2}", "is not a list of definitions by name"),
        ("{", "cannot be read as YAML"),
    ],
)  # fmt: skip
def test_what_a_file_may_not_set_is_refused(file: Path, text: str, rule: str) -> None:
    with pytest.raises(DefinitionError, match=rule) as error:
        given(file, text)
    assert error.value.code == Exit.USAGE


def test_a_refusal_never_shows_a_value(file: Path) -> None:
    with pytest.raises(DefinitionError) as error:
        given(file, "end_window_days: {version: 2, value: a private note, since: 2026-12-01}")
    assert "private" not in error.value.text()


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match="cannot be read as YAML"):
        definitions_of("aso", tmp_path / "nowhere.yml")


def test_the_cutoff_lies_on_the_scale_of_the_instrument(file: Path) -> None:
    assert given(file, "restoration_cutoff: {version: 2, value: 4, since: 2026-12-01}", "hmis").given
    with pytest.raises(DefinitionError):
        given(file, "restoration_cutoff: {version: 2, value: 0.5, since: 2026-12-01}", "hmis")


def test_an_unknown_instrument_is_refused_with_the_names_there_are() -> None:
    for ask in (lambda: definitions_of("ASO", None), lambda: jds("ASO")):
        with pytest.raises(ContractError, match=r"there is no instrument of this name.*use one of: aso, hmis"):
            ask()


def test_the_contract_lists_the_indicators_of_the_seed() -> None:
    with (CODE_SEEDS / "indicators.csv").open(encoding="utf-8", newline="") as seed:
        rows = list(csv.DictReader(seed))
    assert set(instruments()) == {row["instrument"] for row in rows} == {"aso", "hmis"}
    for name in instruments():
        assert list(jds(name).codes["indicator"]) == [
            row["indicator_code"] for row in rows if row["instrument"] == name
        ]
    assert set(jds().codes["indicator"]) == {row["indicator_code"] for row in rows}


def test_the_embedded_jds_scores_the_twenty_items_of_the_aso() -> None:
    with (CODE_SEEDS / "indicators.csv").open(encoding="utf-8", newline="") as seed:
        rows = [row for row in csv.DictReader(seed) if row["instrument"] == "aso"]
    simulated = [
        (code, domain) for domain, items in zip(DOMAINS, DOMAIN_ITEMS, strict=True) for code in INDICATORS[items]
    ]
    assert simulated == [(row["indicator_code"], row["domain_code"]) for row in rows]
    scales = {(row["score_min"], row["score_max"], row["direction"]) for row in rows}
    assert scales == {("1", "4", "higher_is_better")}
    assert not any(row["valid_from"] or row["valid_to"] for row in rows)


def test_the_embedded_jds_stands_in_for_no_other_instrument(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="scores the ASO alone"):
        source_or_embedded(settings_for(tmp_path / "home", instrument="hmis"), print)
    assert not list(tmp_path.iterdir())


def test_a_month_is_as_long_for_the_curves_as_for_the_marts() -> None:
    assert shipped("aso")["month_days"]["value"] == MONTH_DAYS
    assert shipped("aso")["optimal_time"]["version"] == DEFINITION_VERSION


def test_the_page_of_definitions_lists_each_that_can_be_set_and_what_ships() -> None:
    rows = [
        line for line in (PROJECT / "docs" / "definitions.md").read_text(encoding="utf-8").splitlines() if "| " in line
    ]
    for name, one in shipped("aso").items():
        told = [row for row in rows if f"`{name}`" in row.split("|")[1]]
        assert len(told) == (name not in FIXED), name
        assert all(str(one["value"]) in row for row in told), name


def test_another_definition_or_instrument_is_another_configuration(tmp_path: Path, file: Path) -> None:
    settings = settings_for(tmp_path)
    other = given(file, "end_window_days: {version: 2, value: 30, since: 2026-12-01}")
    hashes = [config_hash(settings, one) for one in (Definitions("aso"), other, Definitions("hmis"))]
    assert len(set(hashes)) == 3
    assert config_hash(settings, definitions_of("aso", None)) == hashes[0]
