"""Builds the Invalid error for a file that cannot be converted."""

from contracts.errors import FieldError, InvalidError


def refusal(path: str, code: str, message: str) -> InvalidError:
    """Return the error for one place in the file."""
    path, message = cut_text(path), cut_text(message)
    error = FieldError(path=path, code=code, message=message)
    return InvalidError(
        f"The workflow cannot be converted: {path}: {message}",
        code="cannot_convert",
        errors=[error],
    )


def cut_text(text: str) -> str:
    """Return the start of a text, without lone surrogates, which cannot be encoded."""
    return text[:300].encode(errors="replace").decode()
