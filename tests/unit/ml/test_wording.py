"""Words that no text of ours may hold; and that none of the fixed phrases does."""

import pytest

from ml.offices.definition import PHRASES
from ml.wording import causal_claims, faults, ordinal_ranks


@pytest.mark.parametrize(
    "text",
    [
        "Office F1 ranks 3rd", "the best of eight", "the worst office", "league table", "No. 1 in the region", "came third",
        "second among partners", "better than most offices", "the highest ratio", "last of all",
    ],
)  # fmt: skip
def test_a_rank_is_found(text):
    assert ordinal_ranks(text)


@pytest.mark.parametrize(
    "text",
    [
        "restored because of it",
        "therapy works",
        "leads to recovery",
        "the effect of training",
        "this improved gains",
        "due to the office",
    ],
)
def test_a_cause_is_found(text):
    assert causal_claims(text)


@pytest.mark.parametrize(
    "text",
    [
        "the first assessment",
        "within the first 24 months",
        "days to the first service",
        "a second look",
        "at most 90 days",
    ],
)
def test_plain_words_are_none(text):
    assert faults(text) == []


def test_what_is_allowed_is_passed_over_and_nothing_else():
    allowed = ("emulated-trial estimate of the effect of",)
    assert faults("An emulated-trial estimate of the effect of therapy", allowed) == []
    assert faults("An emulated-trial estimate of the effect of therapy works", allowed) == ["works"]


@pytest.mark.parametrize("key", sorted(PHRASES))
def test_no_fixed_phrase_ranks_or_claims(key):
    lead = "what its case mix leads one to expect"
    assert faults(PHRASES[key], [lead]) == []


def test_the_phrase_that_leads_is_about_expecting():
    assert [key for key, text in PHRASES.items() if "leads" in text.replace("leads one to expect", "")] == []
