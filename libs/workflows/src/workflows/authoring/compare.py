"""What differs between two versions, place by place."""

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple

from contracts.registry.requests import Difference
from workflows.spec.places import is_object

MOST_DIFFERENCES = 200
LONGEST_VALUE = 500
"""Characters of a value shown in a difference."""


class Change(NamedTuple):
    """One place; `before` is None where it was added, `after` where it was removed."""

    path: str
    kind: str
    before: Any
    after: Any


def compare(before: Any, after: Any, path: str = "") -> Iterator[Change]:
    """Differences of two JSON values; lists are compared as wholes, since they are links."""
    if is_object(before) and is_object(after):
        for key in sorted(before.keys() | after.keys()):
            place = f"{path}.{key}" if path else key
            if key not in before:
                yield Change(place, "added", None, after[key])
            elif key not in after:
                yield Change(place, "removed", before[key], None)
            else:
                yield from compare(before[key], after[key], place)
    elif not is_equal(before, after):
        yield Change(path, "changed", before, after)


def is_equal(before: Any, after: Any) -> bool:
    """As their hashes are: 1, 1.0 and true are three values."""
    return before == after and json.dumps(before, sort_keys=True) == json.dumps(
        after, sort_keys=True
    )


def differences(before: Any, after: Any) -> tuple[list[Difference], bool]:
    """The first of them, long values cut, and whether that is all."""
    found = list(islice(compare(before, after), MOST_DIFFERENCES + 1))
    shown = [difference(change) for change in found[:MOST_DIFFERENCES]]
    return shown, len(found) <= MOST_DIFFERENCES


def difference(change: Change) -> Difference:
    return Difference.model_validate(
        {
            "path": change.path[:LONGEST_VALUE],
            "kind": change.kind,
            "before": shortened(change.before),
            "after": shortened(change.after),
        }
    )


def shortened(value: Any) -> Any:
    """The value, or the beginning of its text."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return value if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"
