"""Defines values that know their place in a file, and equal the plain values everywhere else."""

from typing import Any, Self, TypeAlias, TypeVar

Path: TypeAlias = tuple[str | int, ...]
T = TypeVar("T")


class Mark:
    """A value with the path that leads to it."""

    path: Path = ()

    def at(self, path: Path) -> Self:
        self.path = path
        return self


class MarkedText(str, Mark): ...


class MarkedInteger(int, Mark): ...


class MarkedNumber(float, Mark): ...


MARKS: dict[type, Any] = {
    str: MarkedText,
    int: MarkedInteger,
    float: MarkedNumber,
    bool: MarkedInteger,  # nothing can inherit from bool
}


def carried(before: Any, after: T) -> T:
    """Return a value that was made of another one, with the mark of that."""
    if isinstance(before, Mark) and not isinstance(after, Mark) and type(after) in MARKS:
        return MARKS[type(after)](after).at(before.path)
    return after
