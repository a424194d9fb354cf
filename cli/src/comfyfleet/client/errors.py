"""Turns refusals of the API into one message for a person."""

import httpx
from pydantic import BaseModel, Field, ValidationError

from comfyfleet import CommandError

UNAUTHORIZED = 401
FORBIDDEN = 403
UNAVAILABLE = 503


class ProblemField(BaseModel):
    path: str = ""
    message: str = ""


class Problem(BaseModel):
    """The parts of a problem document (RFC 9457) that a person reads."""

    type: str = ""
    title: str = ""
    detail: str = ""
    request_id: str = ""
    errors: list[ProblemField] = Field(default_factory=list[ProblemField])


class UnreachableError(CommandError):
    """The fleet did not answer, or the connection broke; worth another try."""


class ApiError(CommandError):
    """The fleet answered with an error status."""

    def __init__(self, message: str, status: int, code: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class AwayError(ApiError):
    """The fleet answered that a part of it is away for a moment; worth another try."""


def api_error(response: httpx.Response) -> ApiError:
    """Build the message: detail or title, then one line for each wrong field."""
    try:
        problem = Problem.model_validate_json(response.content)
    except ValidationError:
        problem = Problem()
    summary = problem.detail or problem.title or f"the fleet answered {response.status_code}"
    wrong = [f"{error.path}: {error.message}" for error in problem.errors]
    if [error.message for error in problem.errors] == [summary]:
        wrong = []  # the detail says it
    lines = [summary, *(f"  {line}" for line in wrong if line not in summary)]
    if response.status_code == UNAUTHORIZED:
        lines.append("  (set COMFYFLEET_API_KEY, or use the local fleet that `comfyfleet up` runs)")
    if response.is_server_error and problem.request_id:
        lines.append(f"  (request {problem.request_id}; see `comfyfleet logs`)")
    kind = AwayError if response.status_code == UNAVAILABLE else ApiError
    return kind("\n".join(lines), response.status_code, problem.type.rpartition(":")[2])
