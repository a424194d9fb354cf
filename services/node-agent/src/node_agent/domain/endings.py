"""Says how an attempt ends before it has results, and which row of the retry table that is."""

from dataclasses import dataclass

from contracts.agent import AttemptResult, Cause, Outcome
from contracts.scheduler.jobs import JobError


class AttemptEndedError(Exception):
    """The attempt is over with this result."""

    def __init__(self, result: AttemptResult) -> None:
        super().__init__(result.error.message if result.error else result.outcome.value)
        self.result = result


class InputsLostError(AttemptEndedError):
    """The server lost an input file that it was sent: send all of them anew, once."""


@dataclass(frozen=True, slots=True)
class Failed:
    cause: Cause
    error: JobError

    @property
    def result(self) -> AttemptResult:
        return AttemptResult(outcome=Outcome.FAILED, cause=self.cause, error=self.error)


def failed_result(
    cause: Cause,
    code: str,
    message: str,
    graph_node: str | None = None,
    graph_node_class: str | None = None,
) -> Failed:
    error = JobError(
        code=code,
        message=message,
        graph_node=graph_node,
        graph_node_class=graph_node_class,
        cause=cause.value,
    )
    return Failed(cause, error)


def failed_error(cause: Cause, code: str, message: str) -> AttemptEndedError:
    return AttemptEndedError(failed_result(cause, code, message).result)


def canceled_error() -> AttemptEndedError:
    return AttemptEndedError(AttemptResult(outcome=Outcome.CANCELED))
