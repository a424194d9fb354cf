"""What the API refuses, as one message for a person."""

import httpx
from pydantic import BaseModel, Field, ValidationError

from comfyfleet.problem import CommandError

UNAUTHORIZED = 401


class ProblemField(BaseModel):
    path: str = ""
    message: str = ""


class Problem(BaseModel):
    """RFC 9457, the parts that a person reads."""

    title: str = ""
    detail: str = ""
    request_id: str = ""
    errors: list[ProblemField] = Field(default_factory=list[ProblemField])


class RefusedError(CommandError):
    """The fleet answered, and said no."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


def refused(response: httpx.Response) -> RefusedError:
    """Title or detail, then one line for each field that is wrong."""
    try:
        problem = Problem.model_validate_json(response.content)
    except ValidationError:
        problem = Problem()
    said = problem.detail or problem.title or f"the fleet answered {response.status_code}"
    wrong = [f"{error.path}: {error.message}" for error in problem.errors]
    lines = [said, *(f"  {line}" for line in wrong if line not in said)]
    if response.status_code == UNAUTHORIZED:
        lines.append("  (set COMFYFLEET_TOKEN, or use the local fleet that `comfyfleet up` runs)")
    if response.is_server_error and problem.request_id:
        lines.append(f"  (request {problem.request_id}; see `comfyfleet logs`)")
    return RefusedError("\n".join(lines), response.status_code)
