"""How work under Prefect ends: a state whose message holds no value, with what came of it kept in this process only.

Prefect logs the text of an exception that reaches it, and the text of one that no one foresaw could quote a row. So none
reaches it: it sees a `ToldError` with what may be told, and the error itself is taken out again on the other side.
"""

from collections.abc import Callable
from typing import Any

from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from flows.errors import StageError, unexpected_text

Work = Callable[[], tuple[Any, str]]


class ToldError(Exception):
    """An error as it may be told: a refusal in full, anything else by kind and place only. `error` is the error itself."""

    def __init__(self, error: Exception) -> None:
        super().__init__(error.text() if isinstance(error, StageError) else unexpected_text(error))
        self.error = error


def outcome(work: Work) -> State[Any]:
    """Completed with the message that the work gives, or Failed with what may be told of its error."""
    try:
        made, message = work()
    except Exception as error:
        told = ToldError(error)
        return Failed(message=str(told), data=told)
    return Completed(message=message, data=made)


def error_of(state: State[Any]) -> Exception | None:
    """The error itself that the work ended with, None where it ended well."""
    kept = state.result(raise_on_failure=False)
    return kept.error if isinstance(kept, ToldError) else kept if isinstance(kept, Exception) else None


def result(state: State[Any]) -> Any:
    """What came of the work; raises the error it ended with."""
    error = error_of(state)
    if error:
        raise error
    return state.result()
