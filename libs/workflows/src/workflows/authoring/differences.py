"""Compares two versions of a workflow, place by place."""

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any, Literal

from contracts.registry.requests import Difference
from workflows.json_values import is_object

MOST_DIFFERENCES = 200
LONGEST_VALUE = 500
"""Characters of a path or value in a difference."""


def differences(before: Any, after: Any) -> tuple[list[Difference], int]:
    """Return the first differences, and how many there are in all."""
    found = compare(before, after)
    first = list(islice(found, MOST_DIFFERENCES))
    return first, len(first) + sum(1 for _ in found)


def compare(before: Any, after: Any, path: str = "") -> Iterator[Difference]:
    """Yield the differences of two JSON values; compare lists as wholes, since they are links."""
    if is_object(before) and is_object(after):
        for key in sorted(before.keys() | after.keys()):
            place = f"{path}.{key}" if path else key
            if key not in before:
                yield difference(place, "added", None, after[key])
            elif key not in after:
                yield difference(place, "removed", before[key], None)
            else:
                yield from compare(before[key], after[key], place)
    elif not is_equal(before, after):
        yield difference(path, "changed", before, after)


def is_equal(before: Any, after: Any) -> bool:
    """Compare as the hash does: 1, 1.0 and true are three values."""
    return before == after and json.dumps(before, sort_keys=True) == json.dumps(
        after, sort_keys=True
    )


def difference(
    path: str, kind: Literal["added", "removed", "changed"], before: Any, after: Any
) -> Difference:
    return Difference(
        path=path[:LONGEST_VALUE], kind=kind, before=shortened(before), after=shortened(after)
    )


def shortened(value: Any) -> Any:
    """Return the value, or the beginning of its text if that is long."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return value if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"
