"""What may be said of an indicator. It predicts; nothing here may say that it causes, helps or harms.

For pages that are made for others: they take words from here, so that no page claims more than the model can show.
"""

FORBIDDEN = ("cause", "because of", "effect of", "leads to", "due to", "improves", "focus on this domain")
DOES_NOT_SAY = (
    "An indicator that predicts is not a cause: raising a score need not change what becomes of her.",
    "Indicators that say the same share what they say: a low rank may mean that another indicator already tells it.",
    "It tells of the people assessed and followed here; of others, and of what no form asks, it says nothing.",
    "A low probability takes no support away: it names who may need more, never who needs less.",
)
COULD_DO = (
    "Read the named indicators first when a plan of support is made after the initial assessment.",
    "Plan earlier contact and reassessment where several of them are low.",
    "See that they are scored for everyone: an indicator that is left empty cannot name anybody.",
)
_DIRECTION = {
    "higher_score_less_need": "a lower score predicts more need",
    "higher_score_more_need": "a higher score predicts more need",
    "unclear": "in which direction is unclear",
}
_OUTCOME = {
    "not_restored_24m": "not being restored 24 months after the initial assessment",
    "lost_12m": "losing contact within 12 months",
    "worse_mid": "a lower total at the mid assessment",
}


def sentence(label: str, outcome: str, lower: float, direction: str, rank_low: int, rank_high: int, of: int) -> str:
    """One sentence on an indicator: whether it predicts the outcome beyond the others, in which direction, and between which ranks."""
    rank = f"rank {rank_low}" if rank_low == rank_high else f"between rank {rank_low} and {rank_high}"
    if not lower > 0:
        return f"{label}: not shown to predict {_OUTCOME[outcome]} beyond the other indicators ({rank} of {of})."
    return f"{label} predicts {_OUTCOME[outcome]}: {_DIRECTION[direction]} ({rank} of {of})."


def refuse(text: str) -> None:
    """Nothing where a text claims no cause; else raises ValueError that names the words."""
    found = [word for word in FORBIDDEN if word in text.lower()]
    if found:
        raise ValueError(f"the text claims more than a prediction: {', '.join(found)}")
