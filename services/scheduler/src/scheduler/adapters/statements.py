"""Builds statements that write many rows at once, from one list of a table's columns.

Each column is one array, which Postgres unnests: an ORM costs ten times as much a row (measured).
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Generic, TypeAlias, TypeVar

import structlog

T = TypeVar("T")
Call: TypeAlias = tuple[str, Sequence[Any]]
"""A statement and its values."""
log = structlog.get_logger()

TEXTS = {"json", "jsonb"}
"""Types that are sent as text."""


@dataclass(frozen=True, slots=True)
class Column(Generic[T]):
    """A column, its type, and how it is read from a `T`: by default the attribute of its name."""

    name: str
    type: str
    value: Callable[[T], Any] | None = None
    is_fixed: bool = False
    """Written with the row and never again."""

    @property
    def converted(self) -> str:
        return f"n.{self.name}::{self.type}" if self.type in TEXTS else f"n.{self.name}"


class Statement(Generic[T]):
    """Writes the columns of many `T`; `head` and `tail` enclose the arrays, named `n`."""

    def __init__(self, columns: Collection[Column[T]], head: str, tail: str) -> None:
        types = ("text" if column.type in TEXTS else column.type for column in columns)
        arrays = ", ".join(f"${number}::{type_}[]" for number, type_ in enumerate(types, 1))
        self._text = f"{head} FROM unnest({arrays}) AS n({names(columns)}) {tail}"
        self._values = [column.value or attrgetter(column.name) for column in columns]

    def of(self, rows: Collection[T]) -> Iterator[Call]:
        """Yield the statement with the values of the rows, serialized; nothing for no rows."""
        if rows:
            yield self._text, [list(map(of, rows)) for of in self._values]


def readable(read: Callable[[Any], T], row: Any) -> T | None:
    """Return what the row holds; None, with an error in the log, if it cannot be read.

    One row that another release wrote, or that somebody damaged, must not stop the scheduler.
    """
    try:
        return read(row)
    except (ValueError, KeyError, TypeError) as error:
        log.error("row_unreadable", id=str(row["id"]), reason=str(error))  # noqa: TRY400
        return None


def insert(table: str, columns: Collection[Column[T]], *, tail: str = "") -> Statement[T]:
    converted = ", ".join(column.converted for column in columns)
    return Statement(columns, f"INSERT INTO {table} ({names(columns)}) SELECT {converted}", tail)


def upsert(table: str, columns: Collection[Column[T]], key: str = "id") -> Statement[T]:
    """Insert rows; where the key exists, write the columns that are not fixed."""
    changes = ", ".join(f"{c.name} = excluded.{c.name}" for c in columns if not c.is_fixed)
    return insert(table, columns, tail=f"ON CONFLICT ({key}) DO UPDATE SET {changes}")


def update(table: str, columns: Collection[Column[T]]) -> Statement[T]:
    """Write the columns that are not fixed into rows that exist."""
    sent = [column for column in columns if not column.is_fixed or column.name == "id"]
    changes = ", ".join(f"{c.name} = {c.converted}" for c in sent if c.name != "id")
    head = f"UPDATE {table} SET {changes}"  # noqa: S608  (names come from this package)
    return Statement(sent, head, f"WHERE {table}.id = n.id")


def names(columns: Collection[Column[Any]]) -> str:
    return ", ".join(column.name for column in columns)
