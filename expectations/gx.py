"""The one file that talks to Great Expectations: a suite over one row of counts, answered by yes or no.

Importing the library costs seconds, so it happens inside the function that judges. Results are asked for as
BOOLEAN_ONLY: every other format would carry the values that were found.
"""

import logging
import warnings
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from expectations.checks import Check, Count, Limit

log = logging.getLogger(__name__)


def exceeded(checks: Iterable[Check], counts: Mapping[str, Count]) -> dict[str, bool]:
    """Whether each check's limits are exceeded, by check id; an id is left out when it could not be evaluated.

    With two limits a check is exceeded only when both are. Whatever the library raises is caught here, because its
    text may quote data: only the kind of the exception reaches the log.
    """
    asked = [(check, limit) for check in checks if check.check_id in counts for limit in check.limits]
    if not asked:
        return {}
    frame = pd.DataFrame([{_column(c, limit): counts[c.check_id].measure(limit.measure) for c, limit in asked}])
    try:
        within = _validate(frame, {_column(c, limit): limit for c, limit in asked})
    except Exception as problem:
        log.error("the check engine raised %s; nothing was evaluated", type(problem).__name__)
        return {}
    rulings: dict[str, bool] = {}
    for check in dict.fromkeys(check for check, _ in asked):
        answers = [within.get(_column(check, limit)) for limit in check.limits]
        if None not in answers:
            rulings[check.check_id] = not any(answers)
    return rulings


def _column(check: Check, limit: Limit) -> str:
    """One column of the frame a limit, so that one validation answers for a whole door."""
    return f"{check.check_id}|{limit.measure}"


def _validate(frame: pd.DataFrame, limits: Mapping[str, Limit]) -> dict[str, bool]:
    """Whether each column is within its limit; a column is left out when its expectation raised."""
    with warnings.catch_warnings():
        # the library imports sre_constants, which Python deprecates
        warnings.simplefilter("ignore", DeprecationWarning)
        from great_expectations import ExpectationSuite
        from great_expectations.expectations.core.expect_column_max_to_be_between import ExpectColumnMaxToBeBetween

    expectations = [
        ExpectColumnMaxToBeBetween(column=column, max_value=limit.at_most) for column, limit in limits.items()
    ]
    source = _context().data_sources.add_pandas("counts")
    definition = source.add_dataframe_asset("door").add_batch_definition_whole_dataframe("all")
    batch = definition.get_batch(batch_parameters={"dataframe": frame})
    suite = ExpectationSuite(name="door", expectations=expectations)
    result = batch.validate(suite, result_format="BOOLEAN_ONLY")
    return {
        answer.expectation_config.kwargs["column"]: answer.success is True
        for answer in result.results
        if not _raised(answer.exception_info)
    }


def _context() -> Any:
    """A context that lives in memory: no files, no progress bars, no telemetry."""
    import great_expectations
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    config = DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
        progress_bars=ProgressBarsConfig(globally=False),
        analytics_enabled=False,
    )
    return great_expectations.get_context(mode="ephemeral", project_config=config)


def _raised(info: Any) -> bool:
    """Whether an expectation raised: the library nests one record a metric when a metric did, a flat one otherwise."""
    if not isinstance(info, Mapping):
        return bool(info)
    if "raised_exception" in info:
        return bool(info["raised_exception"])
    return bool(info)
