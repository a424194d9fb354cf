"""What differs between two versions, place by place."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from workflows.places import is_object


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
    elif before != after:
        yield Change(path, "changed", before, after)
