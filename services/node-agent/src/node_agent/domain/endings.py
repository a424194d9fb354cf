"""Defines the errors that end an attempt without results, each with its cause for the retries."""

from contracts.agent import AttemptResult, Cause, Outcome
from contracts.scheduler.jobs import JobError


class AttemptEndedError(Exception):
    """The attempt has ended with this result."""

    def __init__(self, result: AttemptResult) -> None:
        super().__init__(result.error.message if result.error else result.outcome.value)
        self.result = result


class InputsLostError(AttemptEndedError):
    """The server lost an input file: send all input files again, once."""


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
