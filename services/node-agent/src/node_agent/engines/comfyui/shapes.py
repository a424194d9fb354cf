"""Reads JSON that somebody else wrote: a wrong shape is empty, never an error."""

import json
import re
from typing import TypeGuard

from workflows.json_values import as_array, is_array, is_object

MAY_BE_HALF = re.compile(rb"\\u[dD][89a-fA-F]")
"""Escapes of UTF-16 halves: pairs are fine, a lone one cannot be sent on as UTF-8."""
BIGGEST = 1e15


def parsed(text: bytes) -> object:
    """JSON whose texts are all valid Unicode; raises ValueError."""
    try:
        value = json.loads(text)
        return whole(value) if MAY_BE_HALF.search(text) else value
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def parsed_or_none(text: bytes) -> object:
    """Return None for a text that is not JSON."""
    try:
        return parsed(text)
    except ValueError:
        return None


def whole(value: object) -> object:
    """Return the value with a question mark for each lone half of a character."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if is_array(value):
        return [whole(item) for item in value]
    if is_object(value):
        return {whole(key): whole(item) for key, item in value.items()}
    return value


def texts(value: object) -> list[str]:
    return [item for item in as_array(value) if isinstance(item, str)]


def is_number(value: object) -> TypeGuard[float]:
    """A number one can calculate with: no NaN, no infinity, no thousand digits."""
    return isinstance(value, int | float) and -BIGGEST <= value <= BIGGEST
