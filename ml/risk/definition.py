"""What the need models are about. Every output names these versions; a changed line is a changed definition."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Outcome:
    """One question that a model answers: its name in the marts, the days until it is answered, and its two answers in words."""

    name: str
    horizon_days: float
    event: str
    other: str
    definition: str

    @property
    def model_name(self) -> str:
        """The name of its model in models.card and models.metric."""
        return f"need_{self.name}"


MONTH = 30.4375
HORIZON_DAYS = 24 * MONTH  # counted from time zero
NOT_RESTORED = Outcome(
    "not_restored_24m",
    HORIZON_DAYS,
    "not restored at 24 months",
    "restored at 24 months",
    "not_restored_24m/1: not restored 730.5 days after the initial assessment (or intake, if later)",
)
LOST = Outcome(
    "lost_12m",
    12 * MONTH,
    "lost within 12 months",
    "not lost within 12 months",
    "lost_12m/1: lost contact or withdrew, never seen restored, at most 365.25 days after time zero; another exit is known as not lost",
)
WORSE = Outcome(
    "worse_mid",
    182.625 + 91,
    "worse at the mid assessment",
    "not worse at the mid assessment",
    "worse_mid/1: the total at the mid assessment is below that at the initial one (aso.change: is_worse)",
)
OUTCOMES = (NOT_RESTORED, LOST, WORSE)
OUTCOME = NOT_RESTORED.name
MODEL_NAME = NOT_RESTORED.model_name

FOLDS, REPEATS = 5, 2
PENALTIES = (0.003, 0.03, 0.3)  # C of the ridge, on standardised features and weights of mean one
DRAWS = 200
MIN_LABELLED, MIN_EVENTS = 100, 20
CAPACITY = 0.2  # share of the caseload that more support can be given to, where no definition says otherwise

DEFINITIONS = {
    "restored": "marts/1: restored_left_day, restored_right_day of core.fct_episode",
    "features": "initial_items/2: item scores of the initial assessment, domain mean if unscored; missing, not applicable and "
    "quarantined flags per domain; domain means; total; age band with the total alone",
    "weights": "ipcw/2: still observed, and assessed again after the horizon; by office of 200 or more; cap 0.99",
    "clusters": "clusters/1: operation, else household, else person",
    "ladder": "ladder/1: intercept, total_age, domains, indicators, boosting; a higher rung only by gains whose intervals exclude 0",
    "offices": "offices/1: an intercept for each office of the training, shrunken to 0; no predictor",
}
