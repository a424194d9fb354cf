"""Builds the Invalid error for a file that cannot be converted."""

from contracts.errors import InvalidError
from workflows.problems import Problems

NOT_CONVERTED = "The workflow cannot be converted"


def refusal(path: str, code: str, message: str) -> InvalidError:
    """Return the error for one place in the file."""
    problems = Problems()
    problems.add(cut_text(path), code, cut_text(message))
    return problems.as_error(NOT_CONVERTED, code="cannot_convert")


def cut_text(text: str) -> str:
    """Return the start of a text, without lone surrogates, which cannot be encoded."""
    return text[:300].encode(errors="replace").decode()
