"""RFC 9457 problems: the shape of every error answer."""

import math
from collections.abc import Mapping

from pydantic import BaseModel, Field

from contracts.errors import FieldError, InvalidError, OperationError
from gateway.http.problem_types import TITLES
from gateway.http.statuses import GENERIC, STATUS_OF_CODE, STATUS_OF_KIND

PROBLEM_JSON = "application/problem+json"
URN = "urn:comfyfleet:problem:"


class Problem(BaseModel):
    """Why a request failed (RFC 9457), as `application/problem+json`."""

    type: str = Field(description="`urn:comfyfleet:problem:<code>`; stable.")
    title: str = Field(description="The kind of problem, for people.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="Description of this failure, for people.")
    instance: str = Field(description="Path of the request.")
    request_id: str = Field(description="Id of this request in the logs.")
    errors: list[FieldError] = Field(
        default_factory=list[FieldError], description="The error of each invalid field."
    )


class RefusedError(Exception):
    """The gateway refuses the request for a reason of HTTP."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        errors: list[FieldError] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = errors or []
        self.headers = dict(headers or {})


def invalid(path: str, code: str, message: str) -> InvalidError:
    """Return the error for one field of a request."""
    problem = FieldError(path=path, code=code, message=message)
    return InvalidError(f"{path}: {message}", errors=[problem])


def unauthorized(detail: str, *, error: str = "invalid_token") -> RefusedError:
    """Return a 401 with the challenge of RFC 6750."""
    challenge = f'Bearer realm="comfyfleet", error="{error}"'
    return RefusedError(401, "unauthorized", detail, headers={"WWW-Authenticate": challenge})


def from_operation(error: OperationError) -> RefusedError:
    """Return the error of another service as one of HTTP."""
    if error.code == "bug":
        return RefusedError(500, "internal", "a service failed; quote the request id")
    status = STATUS_OF_CODE.get(error.code, STATUS_OF_KIND[error.kind])
    headers: dict[str, str] = {}
    if status in (429, 503):
        headers["Retry-After"] = seconds_to_wait(error.retry_in or 1.0)
    if status == STATUS_OF_CODE["bad_credentials"]:
        headers["WWW-Authenticate"] = 'Bearer realm="comfyfleet"'
    return RefusedError(status, error.code, error.message, errors=error.errors, headers=headers)


def seconds_to_wait(seconds: float) -> str:
    """Return whole seconds for `Retry-After`, at least one."""
    return str(max(1, math.ceil(seconds)))


def problem(refused: RefusedError, *, instance: str, request_id: str) -> Problem:
    generic = GENERIC.get(refused.status, "internal")
    return Problem(
        type=URN + refused.code,
        title=TITLES.get(refused.code, TITLES[generic]),
        status=refused.status,
        detail=refused.detail,
        instance=instance,
        request_id=request_id,
        errors=refused.errors,
    )
