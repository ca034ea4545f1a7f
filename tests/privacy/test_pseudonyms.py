"""P1, P3: what may land as what, and pseudonyms that nobody without the key can try out."""

from __future__ import annotations

import copy
import hmac
import re
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from flows.errors import ContractError, Exit, KeyProblemError
from flows.extract import contract
from flows.extract.pseudonymise import Key, install, load_key, pseudonym
from flows.warehouse import connect

TEXTS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=60)
SECRETS = st.binary(min_size=32, max_size=100)


@pytest.fixture
def document() -> dict[str, Any]:
    return yaml.safe_load((Path(contract.__file__).parent / "jds.yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "column",
    [
        {}, {"as": "text"}, {"class": "none"}, {"as": "text", "class": "harmless"}, {"as": "code", "class": "none"},
        {"as": "key", "class": "direct"}, {"as": "copy", "class": "none"},
    ],
)  # fmt: skip
def test_P1_a_column_without_a_whole_classification_is_refused(
    document: dict[str, Any], column: dict[str, str]
) -> None:
    document["tables"]["survivors"]["columns"]["passport"] = column
    with pytest.raises(ContractError) as error:
        contract.parse(document)
    assert error.value.code == Exit.CONTRACT
    assert "passport" in error.value.text()
    assert "survivors" in error.value.text()


@pytest.mark.parametrize("sensitivity", ["direct", "free_text"])
@pytest.mark.parametrize("kind", ["text", "date", "timestamp", "bool", "int", "number", "code:gender"])
def test_P1_what_identifies_cannot_land_as_it_came(document: dict[str, Any], sensitivity: str, kind: str) -> None:
    document["tables"]["survivors"]["columns"]["passport"] = {"as": kind, "class": sensitivity}
    with pytest.raises(ContractError):
        contract.parse(document)


def test_P1_every_column_that_jds_hides_is_dropped_hashed_or_made_a_code() -> None:
    hidden = {
        "full_name",
        "alias",
        "phone",
        "email",
        "address",
        "identity_number",
        "case_reference",
        "summary",
        "notes",
        "event_name",
        "court",
    }
    for table in contract.jds().tables.values():
        for column in table.columns:
            if column.name in hidden:
                assert column.landed_as is None
            if column.sensitivity in {"direct", "free_text"}:
                assert column.kind in {"drop", "key", "birth_year", "closure"}
    assert contract.jds().tables["support_services"].column("service_type").landed_as is None
    assert contract.jds().tables["survivors"].column("date_of_birth").landed_as == "birth_year"


def test_P1_the_contract_as_shipped_is_read(document: dict[str, Any]) -> None:
    assert set(contract.parse(copy.deepcopy(document)).tables) == set(contract.jds().tables)


@given(
    secret=SECRETS,
    kind=st.sampled_from(["survivor", "case", "o'brien"]),
    identifiers=st.lists(TEXTS, min_size=1, max_size=20),
)
@example(
    secret=b"k" * 64, kind="survivor", identifiers=["", "'", '"', "a:b", "é", "\U0001f600", "line\nline", "x" * 300]
)
@example(secret=b"k" * 65, kind="survivor", identifiers=["1"])
@settings(max_examples=60, deadline=None)
def test_P3_the_engine_hashes_as_hmac_does(secret: bytes, kind: str, identifiers: list[str]) -> None:
    with connect() as connection:
        install(connection, Key(secret))
        found = connection.execute("select pseudonym(?, unnest(?::varchar[]))", [kind, identifiers]).fetchall()
    expected = [hmac.new(secret, f"{kind}:{one}".encode(), "sha256").hexdigest()[:32] for one in identifiers]
    assert [value for (value,) in found] == expected == [pseudonym(Key(secret), kind, one) for one in identifiers]


def test_P3_null_stays_null() -> None:
    with connect() as connection:
        install(connection, Key(b"k" * 32))
        assert connection.execute("select pseudonym('survivor', null)").fetchall() == [(None,)]


@given(identifiers=st.sets(TEXTS, min_size=1, max_size=50))
@settings(max_examples=30, deadline=None)
def test_P3_another_key_or_kind_has_nothing_in_common(identifiers: set[str]) -> None:
    one, other = Key(b"1" * 32), Key(b"2" * 32)
    sets = [
        {pseudonym(key, kind, name) for name in identifiers} for key in (one, other) for kind in ("survivor", "case")
    ]
    assert all(len(tokens) == len(identifiers) for tokens in sets)
    assert len(set().union(*sets)) == 4 * len(identifiers)


@given(secret=SECRETS)
@settings(max_examples=30, deadline=None)
def test_P3_what_names_the_key_shows_nothing_of_it(secret: bytes) -> None:
    key = Key(secret)
    assert re.fullmatch(r"[0-9a-f]{16}", key.id)
    assert key.id not in secret.hex()
    assert secret.hex()[:16] not in repr(key) + str(key)
    assert key.derive("a") != key.derive("b") != secret
    assert pseudonym(key, "key", "id")[:16] != key.id


def test_P3_a_key_file_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "new" / "key"
    first = load_key(value=None, file=file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert load_key(value=None, file=file) == first
    assert load_key(value="ab" * 32, file=file) == Key(b"\xab" * 32)


@pytest.mark.parametrize("text", ["", "ab" * 31, "zz" * 32, "secret", "é" * 64], ids=range(5))
def test_P3_a_key_that_is_too_short_or_not_hex_is_refused_without_being_shown(tmp_path: Path, text: str) -> None:
    file = tmp_path / "key"
    file.write_text(text, encoding="utf-8")
    file.chmod(0o600)
    with pytest.raises(KeyProblemError) as error:
        load_key(value=None, file=file)
    assert "at least 64 hex digits" in error.value.text()
    assert not text or text not in error.value.text()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o666])
def test_P3_a_key_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "key"
    file.write_text("ab" * 32, encoding="ascii")
    file.chmod(mode)
    with pytest.raises(KeyProblemError):
        load_key(value=None, file=file)


def test_P3_a_key_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "key").mkdir(mode=0o700)
    with pytest.raises(KeyProblemError) as error:
        load_key(value=None, file=tmp_path / "key")
    assert "the key file cannot be read" in error.value.text()
    assert str(tmp_path) not in error.value.text()
