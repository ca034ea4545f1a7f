"""What the need model is about. Every output names these versions; a changed line is a changed definition."""

MODEL_NAME = "need_not_restored_24m"
OUTCOME = "not_restored_24m"
HORIZON_DAYS = 730.5  # 24 months of 30.4375 days, counted from time zero
FOLDS = 5
PENALTIES = (0.003, 0.03, 0.3)  # C of the ridge, on standardised features and weights of mean one
DRAWS = 200
MIN_LABELLED, MIN_EVENTS = 100, 20

DEFINITIONS = {
    "outcome": "not_restored_24m/1: not restored 730.5 days after the initial assessment (or intake, if later)",
    "restored": "marts/1: restored_left_day, restored_right_day of core.fct_episode",
    "features": "initial_items/1: item scores of the initial assessment, domain mean if unscored, flags per domain",
    "weights": "ipcw/1: still observed, and assessed again after the horizon; by office of 200 or more; cap 0.99",
    "clusters": "clusters/1: operation, else household, else person",
}
