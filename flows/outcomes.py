"""How work under Prefect ends: a state whose message holds no value, with what came of it kept in this process only.

An exception that reached Prefect would be logged with its text, which could quote a row; one that is returned in a state is not.
"""

from collections.abc import Callable
from typing import Any

from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from flows.cli import unexpected_text
from flows.errors import StageError

Work = Callable[[], tuple[Any, str]]


def outcome(work: Work) -> State[Any]:
    """Completed with the message that the work gives, or Failed with the text of its error."""
    try:
        made, message = work()
    except Exception as error:
        return Failed(message=error_text(error), data=error)
    return Completed(message=message, data=made)


def error_text(error: Exception) -> str:
    """The text of an error for a state message: a refusal in full, anything else by kind and place only."""
    return error.text() if isinstance(error, StageError) else unexpected_text(error)


def result(state: State[Any]) -> Any:
    """What came of the work; raises the error it ended with."""
    return state.result(raise_on_failure=True)
