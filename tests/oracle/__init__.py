"""A second reading of the source contract and of the published interface, in plain Python: what the marts must hold.

It shares no code, no SQL and no seed with the pipeline, so that a difference between the two is a finding about one
of them or about the text. Ids stay raw here, so it is for made-up deliveries only. Every choice that the text leaves
open is marked `# READING:`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pandas as pd

from tests.oracle import aso, caseload, dims, episodes, months, outcomes, partners, timeline
from tests.oracle.buckets import sort_into_buckets
from tests.oracle.delivery import read_scope
from tests.oracle.forms import scored_forms
from tests.oracle.ledger import conservation, quarantine
from tests.oracle.stages import set_stages

__all__ = ["read_marts"]


def read_marts(folders: Sequence[Path | str], *, as_of: date) -> dict[str, pd.DataFrame]:
    """Table name -> data frame with raw ids: the marts that these deliveries, in the order they came, lead to."""
    house = sort_into_buckets(read_scope([Path(folder) for folder in folders]), as_of=as_of)
    people = dims.survivors(house)
    episode_list = episodes.kept_episodes(house, people)
    forms = scored_forms(house, episode_list)
    set_stages(forms, episode_list)
    records = timeline.records(house, episode_list)
    return {
        "core.dim_office": dims.dim_office(house),
        "core.dim_partner": dims.dim_partner(house),
        "core.dim_survivor": dims.dim_survivor(people, episode_list),
        "core.caseload": caseload.caseload(episode_list, forms),
        "core.fct_episode": outcomes.fct_episode(episode_list, forms, records),
        "aso.fct_assessment": aso.fct_assessment(forms),
        "aso.fct_score": aso.fct_score(forms),
        "aso.snapshot": aso.snapshot(forms),
        "aso.change": aso.change(forms, episode_list),
        "services.timeline": timeline.frame(records),
        "services.episode_month": months.episode_month(episode_list, forms, records),
        "services.partner_delivery": partners.partner_delivery(records),
        "quality.conservation": conservation(house),
        "quality.quarantine": quarantine(house),
        "meta.exclusion": dims.exclusion(house),
    }
