"""Everything that is wrong, said at once: which path, what was expected."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from contracts.errors import FieldError, InvalidError

MOST_PROBLEMS = 100
"""A hostile request must not buy an answer much longer than itself."""


class Problems:
    """Collects what is wrong with one thing, so that its author sees all of it."""

    def __init__(self) -> None:
        self.errors: list[FieldError] = []

    def add(self, path: str, code: str, message: str, **params: Any) -> None:
        if len(self.errors) < MOST_PROBLEMS:
            self.errors.append(FieldError(path=path, code=code, message=message, params=params))

    def add_validation(self, error: ValidationError) -> None:
        """What Pydantic found, in our words."""
        for found in error.errors(include_url=False, include_context=False, include_input=False):
            path = ".".join(str(step) for step in found["loc"])
            code, message = translate(found["type"], found["msg"])
            self.add(path, code, message)

    def raise_if_any(self, message: str, *, code: str) -> None:
        if self.errors:
            raise self.as_error(message, code=code)

    def as_error(self, message: str, *, code: str) -> InvalidError:
        """All of it as one error, whose text names the first."""
        first, *more = self.errors
        summary = f"{message}: {first.path}: {first.message}"
        if more:
            summary += f" (and {len(more)} more)"
        return InvalidError(summary, code=code, errors=self.errors)


def translate(code: str, message: str) -> tuple[str, str]:
    known: Mapping[str, tuple[str, str]] = {
        "extra_forbidden": ("unknown", "unknown key"),
        "missing": ("missing", "this key is needed"),
    }
    if code == "value_error":
        return "invalid", message.removeprefix("Value error, ")
    return known.get(code, (code, message))
