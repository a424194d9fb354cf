"""Many messages of one commit are rows of bounded length, in order."""

from collections.abc import Sequence

from runtime.outbox.messages import MOST_ROW_LENGTH, Outgoing, rows_of


def lengths(*messages: Outgoing) -> list[int]:
    rows: list[Sequence[Outgoing]] = list(rows_of(messages))
    assert [message for row in rows for message in row] == list(messages)
    return [len(row) for row in rows]


def a_message(parts: int, requires: str | None = None) -> Outgoing:
    """Return a message of so many tenths of a row."""
    return Outgoing("a", "x" * (MOST_ROW_LENGTH // 10 * parts), requires=requires)


def test_rows_are_of_bounded_length() -> None:
    assert lengths() == []
    assert lengths(*[a_message(1)] * 25) == [10, 10, 5]
    assert lengths(a_message(11), a_message(9), a_message(2)) == [1, 1, 1]


def test_a_message_is_in_the_row_of_the_one_that_it_requires() -> None:
    assert lengths(a_message(8), a_message(4, requires="a"), a_message(1)) == [2, 1]
