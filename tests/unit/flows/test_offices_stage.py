"""The stage that compares offices never stops the night: what fails has refused rows that say so."""

from datetime import date

import pandas as pd

from flows.estimates.offices import NEED, OFFICE, PARTNER, comparisons
from ml.offices.definition import MEASURES, PHRASES

EMPTY = pd.DataFrame({"episode_key": ["a"]})
FRAMES = {
    name: EMPTY for name in ("episodes", "unrestored", "baseline", "change", "recording", "delivery", "trainings")
}


def test_a_failure_gives_refused_rows_and_a_remark_without_values():
    frames = FRAMES | {
        "offices": pd.DataFrame({"office_id": ["F1"]}),
        "partners": pd.DataFrame({"partner_id": ["P1", "P2"]}),
    }
    made = comparisons(frames, as_of=date(2026, 11, 1), seed=1)
    assert made.remark == "; not compared: InputError while fitting"
    assert len(made.tables[OFFICE]) == len(MEASURES)
    assert len(made.tables[PARTNER]) == 2 * len(MEASURES)
    for table in (OFFICE, PARTNER):
        assert (made.tables[table]["status"] == "refused").all()
        assert (made.tables[table]["reason"] == PHRASES["failed"]).all()
    assert made.tables[NEED].empty
    assert "probability_below" in made.tables[NEED]
