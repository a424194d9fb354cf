"""Defines the errors that end an attempt without results, each with its cause for the retries."""

from contracts.agent import AttemptEnd, Cause, Outcome
from contracts.scheduler.jobs import JobError


class AttemptEndedError(Exception):
    """The attempt has ended, and `end` says how."""

    def __init__(self, end: AttemptEnd) -> None:
        super().__init__(end.error.message if end.error else end.outcome.value)
        self.end = end


class InputsLostError(AttemptEndedError):
    """The server lost an input file: send all input files again, once."""


def failed_end(
    cause: Cause,
    code: str,
    message: str,
    graph_node: str | None = None,
    graph_node_class: str | None = None,
) -> AttemptEnd:
    error = JobError(
        code=code,
        message=message,
        graph_node=graph_node,
        graph_node_class=graph_node_class,
        cause=cause.value,
    )
    return AttemptEnd(outcome=Outcome.FAILED, cause=cause, error=error)


def failed_error(cause: Cause, code: str, message: str) -> AttemptEndedError:
    return AttemptEndedError(failed_end(cause, code, message))


def canceled_error(*, is_moved: bool = False) -> AttemptEndedError:
    return AttemptEndedError(AttemptEnd(outcome=Outcome.CANCELED, is_moved=is_moved))
