"""The 27 items of TRIPOD+AI (Collins GS et al. (2024), BMJ 385:e078378), each answered from what a training run knows.

The topics are named in words of our own. An item without an answer refuses the card, and with it the model.
"""

from collections.abc import Callable, Mapping
from typing import Any

Facts = Mapping[str, Any]
CODE = "the project's repository; code version and lock hash stand in the release's manifest.json"

ITEMS: tuple[tuple[int, str, Callable[[Facts], str]], ...] = (
    (1, "title", lambda f: f"Prognostic model, developed and validated internally and over time: {f['question']}, among people in aftercare."),
    (2, "abstract", lambda f: f"{f['people']} people with an initial assessment; {f['known']} of known outcome; rung {f['rung']}; AUC {f['auc']}; ICI {f['ici']}."),
    (3, "background and purpose", lambda _: "To let a case manager see at the initial assessment who may need more support. It offers support; it never rations, and it replaces no judgement."),
    (4, "objectives", lambda _: "Development, internal validation, validation in offices left out and in later intakes."),
    (5, "source of data and dates", lambda f: f"Routine aftercare records of JDS as in core.fct_episode, aso.snapshot and aso.fct_score, as of {f['as_of']}; intakes of the years {f['years']}."),
    (6, "who takes part and where", lambda f: f"Everyone with consent for analytics and an initial assessment, observed from then on: {f['asked']} people in {f['offices']} offices. Care goes on as usual."),
    (7, "preparation of data", lambda _: "Rows are typed, deduplicated and quarantined by the pipeline's rules (docs/rules.md); scores are brought to the instrument's common scale."),
    (8, "outcome", lambda f: f"{f['definition']}. Assessed by staff with the ASO, who know the earlier scores; the same way in every group."),
    (9, "predictors", lambda f: f"{f['n_features']} columns of the initial assessment: {f['features']}. Each kind has its reason in ml/risk/policy.py."),
    (10, "sample size", lambda f: f"Criteria of Riley and colleagues: {f['needed']}; {f['effective']} people count effectively. A rung that needs more is not tried."),
    (11, "missing data", lambda f: f"Missing, not applicable and quarantined items are three things with a flag each; an unscored item takes the mean of its domain. Unknown outcomes ({f['unknown']}) weigh nothing; the known are weighted by the inverse probability of being known."),
    (12, "analysis", lambda f: f"A ladder from no predictor to boosted trees; clusters by operation, household and person; {f['ladder']}."),
    (13, "class imbalance", lambda _: "Nothing is resampled: probabilities stay those of the programme."),
    (14, "fairness", lambda f: f"Audited by sex, age band, casework type, office and language group in models.fairness: {f['fairness']}. None of them is a predictor, but for the age band beside the total on the rung total_age."),
    (15, "what the model gives", lambda f: f"A probability with an interval, and a band: the threshold {f['threshold']} is what {f['capacity']} of the caseload reach."),
    (16, "training against evaluation", lambda f: f"Held-out people are of the same offices, of offices left out, or of later intake years ({f['cohorts']})."),
    (17, "ethical approval", lambda _: "Routine data of people who consented to analytics; approval by the organisation's own board is to be obtained and noted beside the deployment before use."),
    (18, "open science", lambda _: f"Code: {CODE}. Data are confidential and are not shared. No registration, no protocol beyond docs/; funding and interests are the deploying organisation's to declare."),
    (19, "involvement of survivors", lambda _: "None is recorded by the pipeline. Survivors' advisers should be asked before first use, and what they said should be noted here by the organisation."),
    (20, "flow of participants", lambda f: f"{f['flow']}."),
    (21, "development", lambda f: f"{f['events']} people with the outcome, {f['others']} without, {f['straddling']} partly known."),
    (22, "specification", lambda f: f"model.json beside this card holds every coefficient, mean and scale ({f['form']})."),
    (23, "performance", lambda f: f"models.metric: AUC {f['auc']}, slope {f['slope']}, calibration-in-the-large {f['large']}, ICI {f['ici']}, scaled Brier {f['scaled']}; by group in models.fairness."),
    (24, "updating", lambda f: f"Retrained weekly; {f['decision']}"),
    (25, "interpretation", lambda _: "It predicts; it explains nothing. An indicator's importance is how much worse predictions get without it, not what would follow from changing it."),
    (26, "limitations", lambda _: "Assessments are made by staff; restoration is seen only when somebody assesses; people lost are unlike those who stay in ways that no form records; offices outside the training are unknown to it."),
    (27, "use", lambda _: "A named case manager sees it beside her own judgement, agrees or overrules (`aftercare review`), and does so before 90 days are over. Poor input: fewer scored items widen nothing, so read it beside the form."),
)  # fmt: skip


class EmptyItemError(ValueError):
    """A card has an item without an answer; says which."""


class _Known(dict[str, Any]):
    """Facts of which an empty one counts as missing."""

    def __getitem__(self, name: str) -> Any:
        value = super().__getitem__(name)
        if str(value).strip() in ("", "None", "nan"):
            raise KeyError(name)
        return value


def answers(facts: Facts) -> list[tuple[int, str, str]]:
    """Number, topic and answer of each of the 27 items; raises EmptyItemError where one is empty or a fact is missing."""
    out = []
    for number, topic, answer in ITEMS:
        try:
            told = answer(_Known(facts)).strip()
        except KeyError as error:
            raise EmptyItemError(f"item {number} ({topic}) of the model card lacks the fact {error.args[0]}") from None
        if not told:
            raise EmptyItemError(f"item {number} ({topic}) of the model card is empty")
        out.append((number, topic, told))
    return out
