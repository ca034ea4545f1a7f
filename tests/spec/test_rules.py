"""Every example of tests/spec/rules holds, by the SQL of the marts and by the second reading in plain Python."""

from __future__ import annotations

import pytest

from tests.spec.conftest import Batch
from tests.spec.found import wrong
from tests.spec.page import RULES, Page, examples, pages

NAMES = [example.name for example in examples()]


@pytest.mark.parametrize("name", NAMES)
def test_the_marts_say_what_the_example_says(batch: Batch, name: str) -> None:
    example, recorded = batch.told[name]
    assert wrong(example, batch.sql, recorded) == []


@pytest.mark.parametrize("name", NAMES)
def test_the_second_reading_says_what_the_example_says(batch: Batch, name: str) -> None:
    example, recorded = batch.told[name]
    assert wrong(example, batch.python, recorded) == []


def test_every_example_expects_something_and_has_a_name_of_its_own() -> None:
    assert len(set(NAMES)) == len(NAMES)
    assert [example.name for example in examples() if not example.expected] == []


def test_every_page_is_in_the_order_of_reading() -> None:
    assert sorted(path.stem for path in RULES.glob("*.md")) == sorted(page.name for page in pages())


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_a_page_names_its_owner_and_its_versions(batch: Batch, page: Page) -> None:
    assert page.owners
    assert set(page.owners) <= set(batch.project.models)
    assert page.definitions
    assert set(page.definitions) <= set(batch.sql("meta.definition")["name"])
