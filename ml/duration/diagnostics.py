"""Whether the headline may be believed: rows of models.metric with model_name `duration`.

- `follow_up_median_days`, `follow_up_mean_days_36m`: reverse Kaplan-Meier.
- `visit_rate_ratio_per_point`: how much sooner an assessment comes a point of the last total score (1: not at all).
- `restored_observed_to_expected` by how long the assessment was waited for, `lost_` and `other_exit_` by the year in care:
  what was seen by what the fit expects of the same stays. 1 is as expected; limits by clusters.
- `offices_proportional_p`: the p-value of R's cox.zph that the offices' hazards are in proportion.
- `forecast_observed_to_expected`: the same of the last half year, by a fit of what was known before it (`calibration`).
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.contracts import METRIC, empty, shaped
from ml.duration.headline import Headline
from ml.duration.kaplan_meier import follow_up, restricted_mean
from ml.duration.observed import observed
from ml.duration.proportional import cox, proportional
from ml.duration.stays import Stays
from ml.duration.visits import Stretches, Timing

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Row = tuple[str, str, float, float | None, float | None, int]

MODEL_NAME, MODEL_ID = "duration", "duration-panel-1"
Z = 1.959964
LEAST_EXPECTED = 5.0
FOLLOWED_DAYS = 1096.0
WAITS = (
    (0, 122, "assessed within 4 months"),
    (122, 244, "after 4 to 8 months"),
    (244, 426, "after 8 to 14 months"),
    (426, 10**9, "after 14 months or more"),
)
YEARS = ((-1, 365, "year 1"), (365, 731, "year 2"), (731, 1096, "year 3"), (1096, 10**9, "after year 3"))


def table(rows: list[Row]) -> pd.DataFrame:
    """Rows of models.metric of the duration model."""
    if not rows:
        return empty(METRIC)
    frame = pd.DataFrame(rows, columns=["metric", "split", "estimate", "lower", "upper", "n"])
    frame = frame.astype({"lower": "float64", "upper": "float64"})
    return shaped(frame.assign(model_name=MODEL_NAME, model_id=MODEL_ID), METRIC)


def followed(episodes: pd.DataFrame) -> Iterator[Row]:
    """How long people have been followed: the mean within three years, and the median where half would be for as long."""
    seen = observed(episodes)
    mean = restricted_mean(seen.entry, seen.time, seen.state == 0, within=FOLLOWED_DAYS)
    low, high = mean.estimate - Z * mean.error, min(mean.estimate + Z * mean.error, FOLLOWED_DAYS)
    yield "follow_up_mean_days_36m", "overall", mean.estimate, low, high, len(seen.time)
    found = follow_up(seen.entry, seen.time, seen.state > 0)
    if found.estimate is not None:
        yield "follow_up_median_days", "overall", found.estimate, found.lower, found.upper, len(seen.time)


def timed(rate: Timing | None) -> Iterator[Row]:
    """How far the days of assessments go with the last score."""
    if rate is not None:
        low, middle, high = (float(np.exp(rate.log_ratio + z * rate.error)) for z in (-Z, 0.0, Z))
        yield "visit_rate_ratio_per_point", "last total score", middle, low, high, rate.n


def fitted_by_wait(found: Headline, between: Stretches) -> Iterator[Row]:
    """Restorations seen at an assessment against those expected, by how long the assessment was waited for."""
    expected, later = restorations(found, between), between.end > 0
    wait = between.end - np.maximum(between.begin, 0)
    for low, high, split in WAITS:
        rows = (wait >= low) & (wait < high) & later
        ratio = observed_to_expected(
            between.is_seen[rows].astype(np.float64), expected[rows], found.cluster[between.row[rows]]
        )
        if ratio:
            yield "restored_observed_to_expected", split, *ratio, int(rows.sum())


def fitted_by_year(found: Headline) -> Iterator[Row]:
    """Exits against those expected, by the year in care."""
    n, stop = len(found.office), found.used.stop
    for cause, name in ((2, "lost"), (3, "other_exit")):
        for low, high, split in YEARS:
            expected = exits(found, cause, np.full(n, low), np.full(n, high))
            left = (found.used.cause == cause) & (stop > low) & (stop <= high)
            at_risk = expected > 0
            ratio = observed_to_expected(left[at_risk].astype(np.float64), expected[at_risk], found.cluster[at_risk])
            if ratio:
                yield f"{name}_observed_to_expected", split, *ratio, int(at_risk.sum())


def restorations(found: Headline, between: Stretches) -> Floats:
    """The chance that a stretch ends with a restoration seen, (m,)."""
    total, factor = _cumulative(found, 0)
    begin, end = (np.minimum(day, len(total) - 2) + 1 for day in (between.begin, between.end))
    return np.asarray(-np.expm1(-factor[between.row] * (total[end] - total[begin])))


def exits(found: Headline, cause: int, low: Ints, high: Ints) -> Floats:
    """How many exits of a cause are expected of each stay, (n,), of its days (low, high] under observation."""
    total, factor = _cumulative(found, cause - 1)
    begin, end = (np.clip(day, low, high) for day in (found.used.exit_start, found.used.stop))
    begin, end = (np.minimum(day, len(total) - 2) + 1 for day in (begin, np.maximum(begin, end)))
    return np.asarray(factor * (total[end] - total[begin]))


def offices_proportional(found: Headline) -> Iterator[Row]:
    """The test that offices differ in proportion: on the day restoration was seen, and on both exits; two offices or more."""
    counts = np.bincount(found.office, minlength=len(found.names))
    large = np.flatnonzero(counts >= 50)
    rows = np.isin(found.office, large)
    x = (found.office[rows][:, None] == large[1:]).astype(np.float64)
    if len(large) < 2:
        return
    seen: Stays = found.used.take(rows)
    start = np.where(seen.start < 0, -np.inf, seen.start)
    for name, entry, time, event in (
        ("restored, day seen", start, np.minimum(seen.right, seen.stop), seen.right <= seen.stop),
        ("lost", np.where(seen.start < 0, -np.inf, seen.exit_start), seen.stop, seen.cause == 2),
        ("other_exit", np.where(seen.start < 0, -np.inf, seen.exit_start), seen.stop, seen.cause == 3),
    ):
        if event.sum() >= 10 * x.shape[1] and (event @ x).min() > 0 and event.sum() > (event @ x).sum():
            fitted = cox(entry, time, event, x)
            if fitted.converged:
                yield (
                    "offices_proportional_p", name, proportional(entry, time, event, x, fitted.beta).all_p,
                    None, None, int(event.sum()),
                )  # fmt: skip


def observed_to_expected(seen: Floats, expected: Floats, cluster: Ints) -> tuple[float, float, float] | None:
    """Sum of seen by sum of expected with 95 % limits by clusters; None where fewer than 5 are expected.

    With nothing seen the upper limit is Poisson's, and the lower 0.
    """
    if expected.sum() < LEAST_EXPECTED:
        return None
    n, total = float(seen.sum()), float(expected.sum())
    if n == 0:
        return 0.0, 0.0, -float(np.log(0.025)) / total
    code = np.unique(cluster, return_inverse=True)[1]
    ratio = n / total
    rest = np.bincount(code, seen - ratio * expected)
    error = float(np.sqrt((rest**2).sum()))
    reach = Z * max(error, np.sqrt(n) * 1e-6) / n
    return ratio, ratio * float(np.exp(-reach)), ratio * float(np.exp(reach))


def _cumulative(found: Headline, which: int) -> tuple[Floats, Floats]:
    """The cumulative hazard of one of the three (last + 2,), 0 before day 0, and the factor of each stay's office (n,)."""
    fitted = found.fitted.hazards[which]
    k = fitted.basis.design.shape[1]
    total = np.concatenate([[0.0], np.cumsum(fitted.basis.hazard(fitted.theta[:k]))])
    gamma = fitted.theta[k:]
    return total, np.exp(gamma[found.office]) if len(gamma) else np.ones(len(found.office))
