"""Says how an attempt ends before it has results, and which row of the retry table that is."""

from contracts.agent import AttemptResult, Cause, Outcome
from contracts.scheduler.jobs import JobError


class AttemptEndedError(Exception):
    """The attempt is over with this result."""

    def __init__(self, result: AttemptResult) -> None:
        super().__init__(result.error.message if result.error else result.outcome.value)
        self.result = result


class InputsLostError(AttemptEndedError):
    """The server lost an input file that it was sent: send all of them anew, once."""


def failed_result(
    cause: Cause,
    code: str,
    message: str,
    graph_node: str | None = None,
    graph_node_class: str | None = None,
) -> AttemptResult:
    error = JobError(
        code=code,
        message=message,
        graph_node=graph_node,
        graph_node_class=graph_node_class,
        cause=cause.value,
    )
    return AttemptResult(outcome=Outcome.FAILED, cause=cause, error=error)


def failed_error(cause: Cause, code: str, message: str) -> AttemptEndedError:
    return AttemptEndedError(failed_result(cause, code, message))


def canceled_error() -> AttemptEndedError:
    return AttemptEndedError(AttemptResult(outcome=Outcome.CANCELED))
