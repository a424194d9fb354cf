"""RFC 9457 problems: the shape of every error answer, and the list of their types.

A problem's `type` is `urn:comfyfleet:problem:<code>`. Codes are stable; titles may be reworded.
"""

import math
from collections.abc import Mapping

from pydantic import BaseModel, Field

from contracts.errors import FieldError, InvalidError, OperationError
from gateway.http.statuses import GENERIC, STATUS_OF_CODE, STATUS_OF_KIND

PROBLEM_JSON = "application/problem+json"
URN = "urn:comfyfleet:problem:"

PROBLEMS: Mapping[int, Mapping[str, str]] = {
    401: {
        "unauthorized": "A valid access token is needed",
        "bad_credentials": "The user name or the password is wrong",
        "bad_refresh_token": "The refresh token is not valid",
    },
    403: {
        "forbidden": "This is not allowed",
        "missing_permission": "A permission is missing",
        "permission_not_held": "Nobody can give permissions that they do not have",
        "session_needed": "An API key may not do this",
        "scope_not_held": "A scope is more than the user or the caller may do",
        "blocked": "The account is blocked",
        "bad_origin": "The request came from another site",
        "bad_link": "The link is not valid",
        "link_expired": "The link has expired or was revoked",
        "withheld": "The file may hold a prompt and graph that the caller may not read",
        "priority_not_allowed": "The priority is higher than the account may use",
        "draft": "The version is a draft",
        "storage_quota": "The storage quota is used up",
    },
    404: {
        "no_log": "The node has no log",
        "not_found": "It does not exist, or the caller may not see it",
        "nothing_uploaded": "No bytes were uploaded",
        "content_missing": "The store does not have the content",
        "version_gone": "The version of the workflow is gone",
        "no_thumbnail": "There is no thumbnail of this media",
        "switched_off": "The workflow is switched off",
        "withdrawn": "The workflow was removed from its folder",
    },
    405: {
        "method_not_allowed": "The method is not allowed here",
    },
    408: {
        "too_slow": "The request took too long to arrive",
    },
    409: {
        "conflict": "The request conflicts with the current state",
        "idempotency_key_reused": "The idempotency key was used for another request",
        "idempotency_key_used": "The idempotency key was used before",
        "job_exists": "The id belongs to another job",
        "job_not_over": "The job is not over",
        "job_started": "The job has started",
        "unrunnable": "No node can run the job",
        "job_deleted": "The job was deleted",
        "job_over": "The job is over",
        "job_completed": "The job has completed",
        "batch_exists": "The id belongs to another batch",
        "media_id_taken": "The id belongs to another media",
        "link_id_taken": "The id belongs to another link",
        "too_many_keys": "The user has as many API keys as one may have",
        "not_a_service": "The user is not a service account",
        "node_exists": "The node exists already",
        "node_removed": "The node was removed",
        "node_managed": "The agent of the node decides this",
        "no_agent": "No agent has the node",
        "stale_claim": "Another agent takes the node over",
        "node_unreadable": "The record of the node cannot be read",
        "no_models_dir": "The node's agent has no model folder",
        "transfer_exists": "Another content of this name is being fetched",
        "transfers_full": "The node's agent has too many transfers",
        "no_public_store": "The store is not public",
        "too_many_presets": "You have as many presets as one user may",
        "preset_id_taken": "The id belongs to another preset",
        "too_many_links": "Too many links are open",
        "email_taken": "Another user has this e-mail address",
        "last_administrator": "The fleet would have no administrator",
        "too_many_webhooks": "The caller has as many webhooks as one user may",
        "too_many_job_webhooks": "Too many jobs with a webhook have not appeared yet",
        "too_many_deliveries": "Too many deliveries wait",
        "webhook_disabled": "The webhook is disabled",
        "webhook_id_taken": "The id belongs to another webhook",
        "other_source": "The workflow has another source",
    },
    413: {
        "too_large": "The request or its answer is too large",
    },
    415: {
        "unsupported_media_type": "The content type is not supported",
    },
    416: {
        "range_not_satisfiable": "The range is outside the content",
    },
    422: {
        "malformed": "The request cannot be read",
        "invalid": "The request is not valid",
        "bad_cursor": "The cursor does not belong to this list",
        "bad_text": "A text contains characters that cannot be stored",
        "bad_time": "A time has no time zone",
        "bad_url": "The URL is not the address of a server",
        "bad_header": "A header cannot be sent",
        "unknown_engine": "No agent has this engine",
        "unknown_role": "There is no such role",
        "batch_too_large": "The batch has more jobs or bytes than may wait",
        "invalid_inputs": "The inputs do not fit the workflow",
        "media_refused": "The file was refused",
        "invalid_workflow": "The workflow is not valid",
        "invalid_library": "The parameter library is not valid",
        "bad_pattern": "A pattern in the workflow cannot be used",
        "unsafe_workflow": "The workflow is not safe",
        "cannot_convert": "The workflow cannot be converted",
        "no_output": "The graph writes no files",
        "unreadable": "The file cannot be read",
        "too_big": "The file is too big",
    },
    429: {
        "rate_limited": "Too many requests",
        "too_many_attempts": "Too many attempts",
        "too_many_waiting": "Too many jobs are waiting",
        "too_many_graphs": "You keep as many raw graphs as one user may",
        "too_many_streams": "Too many open streams",
        "too_many_transfers": "Too many transfers at once",
    },
    500: {
        "internal": "The fleet failed",
    },
    503: {
        "unavailable": "Try again in a moment",
        "no_answer": "A service does not respond",
        "bad_answer": "A service responds in another form",
        "overloaded": "The fleet is overloaded",
        "busy": "Too many users are logging in",
        "queue_full": "Too many jobs are waiting in the fleet",
        "graphs_full": "There is no room for more of your raw graphs",
        "database_away": "The database does not respond",
        "store_unavailable": "The store does not respond",
        "no_room": "There is no room for uploads",
        "unreadable_value": "The workflow is too new for this gateway",
    },
}
"""Titles of the problems by HTTP status and code."""
TITLES = {code: title for codes in PROBLEMS.values() for code, title in codes.items()}


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
