"""The model card and the datasheet of a trained model, as Markdown, written from the facts of the run and from nothing else."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ml.risk import tripod, wording
from ml.risk.document import Trained
from ml.risk.policy import ALLOWED, FORBIDDEN

CARD, DATASHEET = "card.md", "datasheet.md"
_QUESTIONS = {
    "not_restored_24m": "not being restored 24 months after the initial assessment",
    "lost_12m": "being lost within 12 months of the initial assessment",
    "worse_mid": "being worse off at the mid assessment than at the initial one",
}


def documented(trained: Trained) -> Trained:
    """The same with its card and datasheet; a refused model has none. Raises EmptyItemError where an item has no answer."""
    if trained.status != "trained":
        return trained
    facts = facts_of(trained)
    return replace(trained, texts={CARD: _card(trained, facts), DATASHEET: _datasheet(trained, facts)})


def facts_of(trained: Trained) -> dict[str, str]:
    """What the card's items are answered with, by name; every value is text."""
    document, counts = trained.document, trained.document["counts"]
    audited = trained.fairness["status"].value_counts().to_dict()
    asked = counts["event"] + counts["other"] + counts["straddling"] + counts["unknown"]
    splits = sorted({row["split"] for row in document["metrics"] if row["split"].startswith("cohort_")})
    return {
        "question": _QUESTIONS[document["outcome"]],
        "definition": document["definitions"]["outcome"],
        "as_of": document["trained_as_of"],
        "people": f"{counts['episodes'] - counts['no_initial_assessment']:,}",
        "asked": f"{asked:,}",
        "known": f"{asked - counts['unknown']:,}",
        "unknown": f"{counts['unknown']:,}",
        "events": f"{counts['event']:,}",
        "others": f"{counts['other']:,}",
        "straddling": f"{counts['straddling']:,}",
        "years": document["intake_years"],
        "offices": f"{document['n_offices']:,}",
        "rung": document["rung"],
        "n_features": f"{len(document['features'])}",
        "features": ", ".join(document["features"]) or "no column, the average of all people is all it knows",
        "ladder": "; ".join(document["ladder"]),
        "form": "trees.skops with a fixed list of types" if "trees" in document else "a logistic model on standardised columns",
        "fairness": ", ".join(f"{audited.get(name, 0)} {name}" for name in ("pass", "fail", "insufficient")),
        "threshold": f"{document['threshold']:.3f}",
        "capacity": f"{document['capacity']:.0%}",
        "cohorts": ", ".join(one.removeprefix("cohort_") for one in splits) or "no later year has enough known outcomes yet",
        "flow": "; ".join(f"{name.replace('_', ' ')}: {count:,}" for name, count in counts.items()),
        "decision": str(trained.card["reason"].iloc[0]),
        **_measured(document),
    }  # fmt: skip


def _measured(document: Mapping[str, Any]) -> dict[str, str]:
    rows = {(row["metric"], row["split"]): row for row in document["metrics"]}
    needed = [(name, row) for (name, split), row in rows.items() if name.startswith("people_needed_")]
    found = {
        "needed": "; ".join(f"{name.removeprefix('people_needed_')} {row['estimate']:,.0f}" for name, row in needed),
        "effective": f"{rows['people_effective', 'sample_size']['estimate']:,.0f}",
    }
    for name, metric in {
        "auc": "auc", "slope": "calibration_slope", "large": "calibration_in_the_large", "ici": "ici", "scaled": "scaled_brier",
    }.items():  # fmt: skip
        row = rows.get((metric, "cross_validated"))
        found[name] = (
            f"{row['estimate']:.3f} ({row['lower']:.3f} to {row['upper']:.3f})"
            if row
            else "not defined for equal predictions"
        )
    return found


def _card(trained: Trained, facts: Mapping[str, str]) -> str:
    items = "\n".join(f'| <a id="tripod-{n}"></a>{n} | {topic} | {told} |' for n, topic, told in tripod.answers(facts))
    failed = trained.fairness[trained.fairness["status"] == "fail"]
    unfair = "\n".join(f"- {row.metric} of {row.group_kind} {row.group_value}" for row in failed.itertuples())
    not_said = "\n".join(f"- {line}" for line in wording.DOES_NOT_SAY)
    return f"""# Model card: {trained.document["model_name"]}

Model `{trained.model_id}`, trained as of {facts["as_of"]}. In use from then on: {"yes" if trained.card["is_champion"].iloc[0] else "no"}.
{facts["decision"]}

It predicts {facts["question"]}. It offers support and takes none away; a person decides.

## What it does not say

{not_said}

## Groups in which it is off

{unfair or "None was found; groups too small to tell read `insufficient` in models.fairness."}

## TRIPOD+AI

| item | topic | answer |
| --- | --- | --- |
{items}
"""


def _datasheet(trained: Trained, facts: Mapping[str, str]) -> str:
    allowed = "\n".join(
        f"| {one.name} | {one.source} | {one.known} | {one.reason} | {', '.join(one.rungs)} |" for one in ALLOWED
    )
    never = "\n".join(f"- {why}" for why in dict.fromkeys(why for _, why in FORBIDDEN))
    names = "\n".join(f"- {name}: {text}" for name, text in sorted(trained.document["definitions"].items()))
    return f"""# Datasheet: the people that {trained.document["model_name"]} learnt from

- Why the data exist: case work. Nobody was assessed for the sake of a model.
- What they are: one row a stay in aftercare with an initial assessment, as of {facts["as_of"]}.
- From where: intakes of {facts["years"]}, {facts["offices"]} offices.
- How many: {facts["flow"]}.
- Who is missing: survivors without consent for analytics, stays without an initial assessment, people seen restored before it.
- How they were collected: by staff, with the ASO, on paper or in JDS; scores are judgements.
- What was done to them: the rules of docs/rules.md; what cannot be read is quarantined and counted, never filled in.
- What they may be used for: to offer support, and to see whether predictions hold. Not to ration, rank partners, or judge staff.
- How they are kept: inside the organisation, pseudonymised; this folder holds numbers of models and none of a person.

## Definitions

{names}

## Features, each with its reason

| feature | source | known on | reason | rungs |
| --- | --- | --- | --- | --- |
{allowed}

## Never a feature

{never}
"""
