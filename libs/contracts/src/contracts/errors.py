"""Defines the five kinds of expected errors; any other exception is a bug.

The kind alone decides what happens next. HTTP routes turn it into a status code, the bus carries
it to the caller in the header `Error-Kind`, and a durable subscriber treats its event by it.

    kind           HTTP   the caller
    Invalid        422    must change the request
    Forbidden      403    lacks a permission
    NotFound       404    names something that does not exist or that it may not see
    Conflict       409    conflicts with the present state, or reuses an id with other content
    Unavailable    503    repeats the same request after `retry_in` seconds
    (a bug)        500    is not at fault
"""

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field


class FieldError(BaseModel):
    """One error in one field of a request."""

    model_config = ConfigDict(frozen=True)

    path: str = Field(
        description="Path of the field: `inputs.steps`, `labels.project`; `body`: the whole body."
    )
    code: str = Field(
        description="The error for programs. Of every field: `missing`, `unknown` (no such field), "
        "`wrong_type`, `not_a_choice`, `too_small`, `too_big`, `not_a_multiple`, `too_short`, "
        "`too_long`, `too_few_items`, `too_many_items`, `pattern_mismatch`, `invalid`. Others, "
        "like `unknown_media` or `bad_link`, belong to one field, and their message says all."
    )
    message: str = Field(description="The error for people: what was expected.")
    params: dict[str, Any] = Field(
        default_factory=dict, description="Numbers and names in the message, for translation."
    )


class ErrorBody(BaseModel):
    """An `OperationError` on the wire; its kind travels in the header `Error-Kind`."""

    code: str
    message: str
    errors: list[FieldError] = Field(default_factory=list[FieldError])
    retry_in: float | None = None


class OperationError(Exception):
    """Base of every expected error. Raise a subclass named after the fact."""

    kind: ClassVar[str]
    code: str
    message: str
    retry_in: float | None = None

    def __init__(
        self,
        message: str | None = None,
        *,
        code: str | None = None,
        errors: list[FieldError] | None = None,
        retry_in: float | None = None,
    ) -> None:
        self.message = message or type(self).message
        super().__init__(self.message)
        self.code = code or type(self).code
        self.errors = errors or []
        self.retry_in = type(self).retry_in if retry_in is None else retry_in

    def body(self) -> ErrorBody:
        return ErrorBody.model_validate(self, from_attributes=True)


class InvalidError(OperationError):
    kind = "invalid"
    code = "invalid"


class TooLargeError(InvalidError):
    """A message of the request or of its answer is larger than the bus takes."""

    code = "too_large"


class ForbiddenError(OperationError):
    kind = "forbidden"
    code = "forbidden"


class NotFoundError(OperationError):
    kind = "not_found"
    code = "not_found"


class ConflictError(OperationError):
    kind = "conflict"
    code = "conflict"


class UnavailableError(OperationError):
    """The request is fine, but cannot be served now. `retry_in` is in seconds."""

    kind = "unavailable"
    code = "unavailable"
    retry_in = 1.0


NARROWER: dict[str, type[OperationError]] = {TooLargeError.code: TooLargeError}
"""Errors that arrive as their own class, by code."""
KINDS: dict[str, type[OperationError]] = {
    error.kind: error
    for error in (InvalidError, ForbiddenError, NotFoundError, ConflictError, UnavailableError)
}


def from_wire(kind: str, body: ErrorBody) -> OperationError:
    """Return the error that the owner raised, as its kind; an unknown kind becomes Unavailable."""
    error = NARROWER.get(body.code) or KINDS.get(kind, UnavailableError)
    return error(body.message, code=body.code, errors=body.errors, retry_in=body.retry_in)
