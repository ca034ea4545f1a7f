"""What people type as the reason of a closure, and the code it gets."""

from __future__ import annotations

import duckdb
import pytest

from flows.extract.contract import jds
from flows.extract.simulate import CLOSURE_PHRASES

PHRASES = {
    "restored": [
        "Restored", "restored - case goals achieved", "RESTORED", "Restoration complete", "Survivor restored",
        "Reintegrated with family", "Successful reintegration", "Graduated from aftercare", "All goals met", "Goals achieved",
        "Successfully graduated",
    ],
    "lost_contact": [
        "Lost contact", "lost to follow-up", "Lost to follow up", "LTFU - unable to locate", "Unable to contact client",
        "Survivor could not be located", "Whereabouts unknown", "Ran away from shelter", "Absconded", "Unreachable by phone",
        "No longer in contact", "Cannot be reached", "Client disappeared", "not reachable",
    ],
    "withdrew": [
        "Withdrew", "Client withdrew consent", "Withdrawn by client", "Declined services", "Refused further support",
        "Survivor declined further aftercare", "Opted out", "Dropped out", "Does not want services", "No longer wishes to take part",
    ],
    "transferred": [
        "Transferred", "Transferred to another organisation", "Transfer to government shelter", "Handed over to DSWD",
        "Referred to partner NGO", "Transitioned to partner care",
    ],
    "relocated": ["Relocated", "Moved to another country", "Repatriated", "Migrated for work", "Moved away", "Left the area"],
    "deceased": ["Deceased", "Died", "Client passed away", "Death of client"],
    "aged_out": ["Aged out", "Turned 18", "Reached age of majority", "Reached 18", "Over age limit"],
    "program_end": [
        "Program ended", "Project closed", "End of program", "Programme completed", "Funding ended", "Case closed",
        "Not restored - program ended", "Not yet restored", "Never restored", "Service period ended", "Completed the program",
    ],
    "other": ["Other", "other - see notes"],
    "#": ["", "?", "xyz", "n/a", "see notes", "No reason given"],
}  # fmt: skip


def code(text: str | None) -> str | None:
    """The code that landing gives to a typed reason, `#` where it is unknown."""
    patterns = " ".join(
        f"when regexp_matches(lower($text), '{pattern}') then '{code}'" for pattern, code in jds().closure_patterns
    )
    return duckdb.execute(
        f"select case when $text is null then null {patterns} else '#' end", {"text": text}
    ).fetchall()[0][0]


@pytest.mark.parametrize(("text", "expected"), [(text, name) for name, texts in PHRASES.items() for text in texts])
def test_typed_reason(text: str, expected: str) -> None:
    assert code(text) == expected
    assert code(f"  {text.upper()} ") == expected


@pytest.mark.parametrize(
    ("text", "expected"), [(text, name) for name, texts in CLOSURE_PHRASES.items() for text in texts]
)
def test_phrase_of_the_embedded_jds(text: str, expected: str) -> None:
    assert code(text) == expected


def test_no_reason_has_no_code() -> None:
    assert code(None) is None
