"""Owners share the room for raw graphs: nobody, and no few together, can fill it."""

from itertools import count
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.errors import UnavailableError
from contracts.registry.graphs import UNNUMBERED
from workflow_registry.adapters.sql_graphs import SqlGraphs
from workflow_registry.domain.checks import record

from .test_sql_graphs import (
    a_version,
    age,
    engine,
    graphs_of,
    keep,
    needed,
    puts_and_deletions,
    refusal,
    sent,
)

__all__ = ["engine"]

SIZE = len(record(a_version(1), number=UNNUMBERED).model_dump_json().encode())
"""Bytes of a stored graph whose color has one digit."""


def an_owner(number: int) -> UUID:
    return UUID(int=number)


async def fill(graphs: SqlGraphs, owner_id: UUID) -> tuple[int, str]:
    """Store graphs until one is refused; return their number and the code."""
    for color in count(1):
        try:
            await graphs.keep(owner_id, a_version(color))
        except UnavailableError as error:
            return color - 1, error.code
    raise AssertionError


async def test_owners_with_full_shares_leave_room_for_others(engine: AsyncEngine) -> None:
    graphs = graphs_of(engine, most=int(20.5 * SIZE), share=5 * SIZE)

    filled = [await fill(graphs, an_owner(number)) for number in range(1, 7)]

    assert filled[:3] == [(5, "too_many_graphs")] * 3
    assert filled[3:] == [(2, "graphs_full"), (1, "graphs_full"), (1, "graphs_full")]


async def test_unneeded_graphs_of_all_make_room_for_a_newcomer(engine: AsyncEngine) -> None:
    graphs = graphs_of(engine, most=int(8.8 * SIZE))
    for number, colors in enumerate(((1, 2, 3, 4), (5, 6), (7,)), 1):
        for color in colors:
            await keep(graphs, a_version(color), owner=an_owner(number))
            await age(engine, a_version(color), 10 - color)
    await sent(engine)
    assert (await refusal(graphs, a_version(8), an_owner(4))).code == "graphs_full"

    await graphs.prune(lambda: needed(a_version(1)))
    await keep(graphs, a_version(8), owner=an_owner(4))

    found = puts_and_deletions(await sent(engine))
    assert found == [(a_version(2).hash, False), (a_version(8).hash, True)]
