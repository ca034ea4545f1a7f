"""What no text of ours may say: that one is the best or the third, or that one thing brings about another.

Generic: a caller hands its own fixed phrases in `allowed`, which are passed over as they stand.
"""

import re
from collections.abc import Iterable

_WORDS = "first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth"
RANKS = re.compile(
    r"\b(\d+(st|nd|rd|th)|no\.? ?\d+|number \d+|rank(s|ed|ing|ings)?|league|best|worst|top|bottom|leading|leader|"
    r"highest|lowest|winner|loser|"
    rf"(in|comes?|came|is|are|ranks?|placed?) ({_WORDS})|({_WORDS}) (of|among|place|out of)|last (of|among|place)|"
    r"(better|worse) than (all|every|each|any|most) )",
    re.IGNORECASE,
)
CAUSES = re.compile(
    r"\b(caus(e|es|ed|ing|al|ally)|because of|due to|owing to|thanks to|as a result|results? in|resulted in|"
    r"leads? to|led to|brings? about|brought about|makes? (them|her|people|survivors)|"
    r"effects? (of|on)|effective(ness)?|impact(s|ed)?|works|worked|helps|helped|improv(es|ed|ement)|"
    r"reduc(es|ed)|increas(es|ed)|prevent(s|ed)|attributable|responsible for|fault)\b",
    re.IGNORECASE,
)


def ordinal_ranks(text: str, allowed: Iterable[str] = ()) -> list[str]:
    """The words of the text that put one before another, in their order."""
    return _found(RANKS, text, allowed)


def causal_claims(text: str, allowed: Iterable[str] = ()) -> list[str]:
    """The words of the text that say one thing brings about another, in their order."""
    return _found(CAUSES, text, allowed)


def faults(text: str, allowed: Iterable[str] = ()) -> list[str]:
    """All of them; none when the text may be published."""
    given = tuple(allowed)
    return [*ordinal_ranks(text, given), *causal_claims(text, given)]


def _found(pattern: re.Pattern[str], text: str, allowed: Iterable[str]) -> list[str]:
    for phrase in sorted(allowed, key=len, reverse=True):
        text = re.sub(re.escape(phrase), " … ", text, flags=re.IGNORECASE)
    return [match.group(0).strip() for match in pattern.finditer(text)]
