"""Collects every problem of one document, each with its path, into one Invalid error."""

from typing import Any

from pydantic import ValidationError

from contracts.errors import FieldError, InvalidError
from contracts.field_errors import field_errors

MOST_PROBLEMS = 100
"""A hostile request must not get an answer much longer than itself."""


class Problems:
    """Problems found so far; the author of the document gets all of them at once."""

    def __init__(self) -> None:
        self.errors: list[FieldError] = []

    def add(self, path: str, code: str, message: str, **params: Any) -> None:
        if len(self.errors) < MOST_PROBLEMS:
            self.errors.append(FieldError(path=path, code=code, message=message, params=params))

    def add_validation(self, error: ValidationError, value: Any) -> None:
        """Add each error that Pydantic found in the value."""
        for found in field_errors(error.errors(include_url=False, include_input=False), value):
            self.add(found.path, found.code, found.message, **found.params)

    def raise_if_any(self, message: str, *, code: str) -> None:
        if self.errors:
            raise self.as_error(message, code=code)

    def as_error(self, message: str, *, code: str) -> InvalidError:
        """Return one error with all problems, whose text names the first."""
        first, *more = self.errors
        summary = f"{message}: {first.path}: {first.message}"
        if more:
            summary += f" (and {len(more)} more)"
        return InvalidError(summary, code=code, errors=self.errors)
