"""What an episode says to the panel likelihood, row by row."""

import numpy as np
import pandas as pd
import pytest

from ml.duration.hazard import NEVER
from ml.duration.stays import stays

NAN = np.nan


def said(unrestored=(), **columns):
    """(start, left, right), (exit_start, stop, cause) of one episode; None when it says nothing."""
    base = {"entry_day": 0, "exit_day": NAN, "as_of_day": 1000, "outcome": "open", "event": 0}
    row = {**base, "episode_key": "e", "restored_left_day": NAN, "restored_right_day": NAN, **columns}
    visits = pd.DataFrame({"episode_key": "e", "day": list(unrestored)}, index=range(len(unrestored)))
    seen = stays(pd.DataFrame([row]), visits.astype({"day": "int64"}))
    if not seen.used[0]:
        return None
    known = (seen.start[0], seen.left[0], seen.right[0]), (seen.exit_start[0], seen.stop[0], seen.cause[0])
    return tuple(tuple(int(value) for value in part) for part in known)


SEEN = {"restored_left_day": 100, "restored_right_day": 200, "event": 1}
LOST = {"outcome": "lost_contact", "event": 2}


@pytest.mark.parametrize(
    ("row", "restoration", "exit"),
    [
        ({}, (-1, -1, NEVER), (-1, 1000, 0)),
        ({"restored_left_day": -9}, (-1, 0, NEVER), (-1, 1000, 0)),
        ({"exit_day": 90, "restored_left_day": 60, **LOST}, (-1, 60, NEVER), (-1, 90, 2)),
        ({"exit_day": 90, "outcome": "deceased", "event": 3}, (-1, -1, NEVER), (-1, 90, 3)),
        ({"exit_day": 0, "outcome": "other", "event": 3}, (-1, -1, NEVER), (-1, 0, 3)),
        (SEEN, (-1, 100, 200), (-1, 230, 0)),
        ({"restored_right_day": 200, "event": 1}, (-1, -1, 200), (-1, 230, 0)),
        ({"restored_right_day": -5, "event": 1}, (-1, -1, 0), (-1, 30, 0)),
        ({"restored_left_day": -20, "restored_right_day": 0, "event": 1}, (-1, -1, 0), (-1, 30, 0)),
        # Left after the assessment that showed it: a consequence of it, or another matter.
        ({**SEEN, "exit_day": 300, "outcome": "restored"}, (-1, 100, 200), (-1, 230, 0)),
        ({**SEEN, "exit_day": 205, "outcome": "restored"}, (-1, 100, 200), (-1, 205, 0)),
        ({**SEEN, "exit_day": 205, "outcome": "program_end"}, (-1, 100, 200), (-1, 205, 0)),
        ({**SEEN, "exit_day": 230, "outcome": "transferred"}, (-1, 100, 200), (-1, 230, 0)),
        ({**SEEN, "exit_day": 229, "outcome": "transferred"}, (-1, 100, 200), (-1, 229, 3)),
        ({**SEEN, "exit_day": 300, "outcome": "lost_contact"}, (-1, 100, 200), (-1, 230, 0)),
        # Assessed because of the exit, before or after it: the exit counts, and restoration lies before it.
        ({**SEEN, "exit_day": 205, "outcome": "transferred"}, (-1, 100, 200), (-1, 205, 3)),
        ({**SEEN, "exit_day": 150, "outcome": "withdrew"}, (-1, 100, 150), (-1, 150, 2)),
        ({**SEEN, "exit_day": 100, "outcome": "withdrew"}, (-1, 99, 100), (-1, 100, 2)),
    ],
)
def test_observed_from_intake(row, restoration, exit):
    assert said(**row) == (restoration, exit)


def test_found_not_restored_after_the_exit_was_not_restored_at_it():
    left = {"exit_day": 500, "restored_left_day": 200, **LOST}
    assert said((0, 200, 530), **left)[0] == (-1, 500, NEVER)
    assert said((0, 200, 561), **left)[0] == (-1, 200, NEVER)


LATE = {"entry_day": 300}


@pytest.mark.parametrize(
    ("visits", "row", "expected"),
    [
        # From the first assessment since recording began that found her in care and not restored.
        ((200, 350, 700), {"restored_left_day": 700}, ((350, 700, NEVER), (380, 1000, 0))),
        ((350,), {"restored_left_day": 350, "restored_right_day": 720, "event": 1}, ((350, 350, 720), (380, 750, 0))),
        ((350,), {"restored_left_day": 350, "exit_day": 600, **LOST}, ((350, 350, NEVER), (380, 600, 2))),
        # Restored when first seen, never assessed, or assessed only because she left: nothing is known of the risk.
        ((), {"restored_right_day": 350, "event": 1}, None),
        ((), {}, None),
        ((200,), {"restored_left_day": 200}, None),
        ((471,), {"restored_left_day": 471, "exit_day": 500, **LOST}, None),
        ((350,), {"restored_left_day": 350, "exit_day": 300, **LOST}, None),
    ],
)
def test_late_entry(visits, row, expected):
    assert said(visits, **LATE, **row) == expected


def test_visits_of_other_episodes_and_no_visits_are_nothing():
    frame = pd.DataFrame(
        {
            "episode_key": ["a", "b"],
            "entry_day": [300, 300],
            "exit_day": NAN,
            "as_of_day": 900,
            "outcome": "open",
            "event": 0,
            "restored_left_day": [NAN, 400],
            "restored_right_day": NAN,
        }
    )
    visits = pd.DataFrame({"episode_key": ["b", "z"], "day": [400, 400]})
    assert stays(frame, visits).used.tolist() == [False, True]
    assert not stays(frame, visits[:0]).used.any()
