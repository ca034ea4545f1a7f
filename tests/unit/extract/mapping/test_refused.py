"""Mappings that are refused: every problem at once, each with its line, its contract table and its rule."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.errors import ContractError, DeliveryError, StageError
from flows.extract.contract import jds
from flows.extract.mapping.expression import Language
from flows.extract.mapping.parse import parse
from flows.extract.mapping.shipped import load, names, read_parameters
from tests.unit.extract.mapping.small import TEXT, altered, opened, write

SEX = "{from: sex, codes: {w: female, m: male}}"


def line_of(text: str, words: str) -> int:
    """The line, from 1, in which the words first stand."""
    return next(number for number, line in enumerate(text.splitlines(), 1) if words in line)


# what is wrong: the text that is replaced, what stands there instead, and what the message says of it.
WRONG = {
    "unknown key": ("name: small", "name: small\ncolour: red", "mapping: colour is no key here"),
    "version": ("version: 1", "version: 2", "version: the version of the language is 1"),
    "key twice": ("name: small", "name: small\nname: twice", "mapping: the key name stands twice"),
    "unknown table": (
        "  partners: {empty: true}", "  partners: {empty: true}\n  payments: {empty: true}", "payments: the contract has no such table",
    ),
    "table not mentioned": ("  partners: {empty: true}\n", "", "partners: the mapping says nothing of this table"),
    "empty survivors": (
        "  survivors:\n    from: Person", "  survivors:\n    empty: true\n    from: Person", "survivors: this table may not be empty",
    ),
    "unknown column": (f"gender: {SEX}", f"sex: {SEX}", "survivors: sex is no key here"),
    "needed column": ("      intake_date: came\n", "", "aftercare_episodes.intake_date: this column must be mapped"),
    "consent not said": (
        "      consent_analytics: {from: agreed, codes: yes_no, otherwise: null}\n",
        "",
        "survivors.consent_analytics: this column must be mapped",
    ),
    "needed in each block": (", score: safe}", "}", "aso_scores.score: this column must be mapped"),
    "unknown code": ("m: male", "m: man", "survivors.gender: the contract does not know man"),
    "no boolean": ("J: true", "J: ja", "survivors.consent_analytics: the contract does not know ja"),
    "no closure": (
        "      exit_date: went",
        "      exit_date: went\n      closure_reason: {value: gone fishing}",
        "aftercare_episodes.closure_reason: the contract does not know gone fishing",
    ),
    "unknown code list": ("codes: yes_no", "codes: maybe", "survivors.consent_analytics: no code list of that name"),
    "two origins": (SEX, "{from: sex, value: female}", "survivors.gender: one of from, expr, value, parameter"),
    "no origin": (SEX, "{codes: {w: female}}", "survivors.gender: one of from, expr, value, parameter"),
    "parameter not declared": (SEX, "{parameter: sex}", "survivors.gender: the mapping declares no such parameter"),
    "not a list": ('dates: ["%d.%m.%Y", "%d.%m.%Y %H:%M"]', "dates: iso", "dates: here should be a list"),
    "no year": ('dates: ["%d.%m.%Y",', 'dates: ["%d.%m.",', "dates: a form needs %Y or %y"),
    "subquery": (
        "concat_ws(' ', first, last)", "(select 1)", "survivors.full_name: subquery may not stand in an expression",
    ),
    "join without on": ("on: {stay: Stay.id}, ", "", "aftercare_episodes.join: a join needs table: and on:"),
}  # fmt: skip


@pytest.mark.parametrize("fault", WRONG)
def test_a_wrong_file_is_refused_with_its_line(fault: str) -> None:
    old, new, said = WRONG[fault]
    text = altered((old, new))
    with pytest.raises(ContractError) as refused:
        parse(text, jds(), origin="small.yml")
    assert said in refused.value.rule
    assert "line " in refused.value.rule
    assert refused.value.next_step == "correct the mapping file (docs/mapping.md), then run again"


def test_all_problems_are_told_at_once_with_their_lines() -> None:
    text = altered(
        ("m: male", "m: man"), ("      intake_date: came\n", ""), ("name: small", "name: small\ncolour: red")
    )
    with pytest.raises(ContractError) as refused:
        parse(text, jds(), origin="small.yml")
    error = refused.value
    assert error.count == 3
    assert error.table == "aftercare_episodes, mapping, survivors"
    assert f"line {line_of(text, 'colour')}, mapping" in error.rule
    assert f"line {line_of(text, 'm: man')}, survivors.gender" in error.rule
    assert "small.yml" in error.rule


def test_a_text_that_is_no_yaml_is_refused_with_its_line() -> None:
    with pytest.raises(ContractError, match=r"small.yml: line 3: this is not YAML"):
        parse("version: 1\nname: x\n  y: [", jds(), origin="small.yml")
    with pytest.raises(ContractError, match="the file is empty"):
        parse("", jds(), origin="small.yml")


def test_missing_tables_are_all_told_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(ContractError) as refused:
        opened(tmp_path, Stay="", Form="")
    rule = refused.value.rule
    assert f"line {line_of(TEXT, 'from: Form')}, aso_assessments: the source table Form is not in the source" in rule
    assert "cases: the source table Stay is not in the source" in rule
    assert refused.value.table == "aftercare_episodes, aso_assessments, aso_scores, cases"


def test_missing_columns_are_all_told_with_table_rule_and_next_step(tmp_path: Path) -> None:
    lines = (("date_of_birth: born", "date_of_birth: birthday"), ("intake_date: came", "intake_date: arrived"),
             ("{stay: Stay.id}", "{nowhere: Stay.id}"), ("newest: changed", "newest: seen"))  # fmt: skip
    with pytest.raises(ContractError) as refused:
        opened(tmp_path, *lines)
    rule = refused.value.rule
    assert "survivors.date_of_birth: the source column birthday is not in Person" in rule
    assert "aftercare_episodes.intake_date: the source column arrived is not in Stay, Leaving" in rule
    assert "aftercare_episodes.join: the source column Leaving.nowhere is not in" in rule
    assert "the source column Leaving.seen is not in Leaving" in rule
    assert refused.value.next_step.startswith("change the mapping or the source")


def test_a_column_of_two_joined_tables_must_be_named_with_its_table(tmp_path: Path) -> None:
    lines = (
        ("on: {stay: Stay.id}, where", "on: {stay: Stay.id}}, {table: Leaving, as: Again, on: {stay: Stay.id}, where"),
    )
    with pytest.raises(ContractError, match=r"exit_date: the source column went stands in several tables"):
        opened(tmp_path, *lines)


@pytest.mark.parametrize("expression", ["first + 1", "left(first, last)", "year(first)"])
def test_an_expression_whose_types_do_not_fit_is_named(tmp_path: Path, expression: str) -> None:
    with pytest.raises(ContractError) as refused:
        opened(tmp_path, ("concat_ws(' ', first, last)", expression))
    assert "survivors.full_name: its types do not fit" in refused.value.rule
    assert expression not in str(refused.value)


FORBIDDEN = {
    "1; drop table x": "not one expression", "first, last": "not one expression", "first from Person": "not one expression",
    "first as x": "not one expression", "first where 1 = 1": "not one expression", "first order by 1": "not one expression",
    "*": "star", "(select 1)": "subquery", "exists (select 1)": "subquery", "$1": "parameter", "count(*)": "count_star",
    "sum(x)": "sum", "row_number() over ()": "window", "getenv('HOME')": "getenv", "read_text('/etc/passwd')": "read_text",
    "current_setting('x')": "current_setting", "now()": "now", "random()": "random", "nextval('s')": "nextval",
    "cast(x as integer)": "try_cast", "x::int": "try_cast", "try_cast(x as integer[])": "a cast is to one of",
    "x[1]": "array extract", "[1, 2]": "list_value", "{'a': 1}": "struct_pack", "a.b.c": "Column or Table.Column",
    "lambda x: x": "lambda", "x collate nocase": "collate", "other.lower(x)": "lower", "lower(distinct x)": "filter",
    "as_date(a, b)": "one value", "query('select 1')": "query", "x -> 'a'": "may not stand",
}  # fmt: skip


@pytest.mark.parametrize("text", FORBIDDEN)
def test_what_may_not_stand_in_an_expression(text: str) -> None:
    said = Language().read(text)
    assert isinstance(said, str)
    assert FORBIDDEN[text] in said


ALLOWED = {
    "coalesce(a, b, 'x')": "COALESCE(T.a, T.b, 'x')",
    "case when a = '1' then 'x' end": "CASE  WHEN ((T.a = '1')) THEN ('x') ELSE NULL END",
    "a in ('1', '2') and not b is null or c like 'x%'": "(((T.a IN ('1', '2')) AND (NOT (T.b IS NULL))) OR (T.c ~~ 'x%'))",
    "try_cast(a as integer) between 1 and 5": "(TRY_CAST(T.a AS INTEGER) BETWEEN 1 AND 5)",
    "nullif(trim(a), '') || '-'": "(\"nullif\"(main.\"trim\"(T.a), '') || '-')",
    'T."a b"': 'T."a b"',
    "a is distinct from b": "(T.a IS DISTINCT FROM T.b)",
    "true": "CAST('t' AS BOOLEAN)",
    "as_date(a)": "TRY_CAST(try_strptime(T.a, main.list_value('%Y-%m-%d')) AS DATE)",
}


@pytest.mark.parametrize("text", ALLOWED)
def test_what_may_stand_in_an_expression_is_written_anew_each_column_with_its_table(text: str) -> None:
    language = Language()
    read = language.read(text)
    assert not isinstance(read, str), read
    assert language.write(read, lambda names: ("T", names[-1]), ("%Y-%m-%d",)) == ALLOWED[text]


def test_dates_in_an_expression_are_read_by_the_forms_also_one_in_another() -> None:
    language = Language()
    read = language.read("as_date(coalesce(as_date('05.01.2024'), '2024-02-03'))")
    assert not isinstance(read, str), read
    assert language.write(read, lambda _: None, ("%d.%m.%Y",)).count("try_strptime") == 2


def test_a_parameter_must_be_given_known_and_allowed() -> None:
    for given, said in (
        ({}, "this has to be decided: --parameter consent_analytics=..."),
        ({"consent_analytics": "maybe"}, "the value given is not one of true, false"),
        ({"consent_analytics": "true", "country": "US"}, "parameters.country: the mapping knows no such parameter"),
    ):
        with pytest.raises(ContractError) as refused:
            load("hmis", jds(), given)
        assert said in refused.value.rule


def test_parameters_and_names_in_a_form_that_cannot_be_used() -> None:
    assert read_parameters(("a=b", " c = d ")) == {"a": "b", "c": "d"}
    for pairs in (("a",), ("a=",), ("a=1", "a=2")):
        with pytest.raises(StageError, match="name=value"):
            read_parameters(pairs)
    with pytest.raises(StageError, match="neither a shipped one nor a file"):
        load("no such mapping", jds())
    assert names() == ("jds", "hmis", "htcds")
    assert load("jds", jds()) is None


def test_a_source_that_does_not_say_in_one_row_what_it_is(tmp_path: Path) -> None:
    for number, content in enumerate(
        (
            "number,made\n",
            "number,made\n1,x\n",
            "number,made\n,2024-01-01\n",
            "number,made\n1,2024-01-01\n2,2024-01-01\n",
        )
    ):
        with pytest.raises(DeliveryError) as refused:
            opened(tmp_path / str(number), About=content)
        assert refused.value.table == "delivery"


def test_a_table_that_cannot_be_empty_and_one_that_stands_twice(tmp_path: Path) -> None:
    with pytest.raises(DeliveryError, match="a table that cannot be empty has no rows"):
        opened(tmp_path / "a", Person="id,first,last,born,sex,agreed,changed\n")
    write(tmp_path / "b")
    (tmp_path / "b" / "Person.parquet").write_bytes(b"")
    with pytest.raises(DeliveryError, match="a source table stands twice"):
        opened(tmp_path / "b")
    with pytest.raises(DeliveryError, match="folder does not exist"):
        load_missing(tmp_path)


def load_missing(folder: Path) -> None:
    """Open a folder that is not there."""
    from flows.extract.mapping.delivery import open_mapped

    open_mapped(folder / "nowhere", parse(TEXT, jds(), origin="small"), jds())
