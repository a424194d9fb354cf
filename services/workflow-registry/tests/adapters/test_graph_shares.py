"""Owners share the room for raw graphs: a few of them cannot fill it."""

from itertools import count
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.errors import UnavailableError
from contracts.registry.graphs import UNNUMBERED
from workflow_registry.adapters.sql_graphs import SqlGraphs
from workflow_registry.domain.checks import record

from .test_sql_graphs import (
    MANY,
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


OFF_FOR_SIX_MINUTES = """UPDATE retention_clock
    SET trusted_at = now() - make_interval(mins => 6 + :ran), seen_at = now(),
        doubted_at = now() - make_interval(mins => :ran)"""
"""The fleet was off and runs again since so many minutes."""


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


async def test_owners_with_full_shares_leave_room_for_some_others(engine: AsyncEngine) -> None:
    graphs = graphs_of(engine, most=int(20.5 * SIZE), share=5 * SIZE)

    filled = [await fill(graphs, an_owner(number)) for number in range(1, 8)]

    assert filled[:3] == [(5, "too_many_graphs")] * 3
    assert filled[3:] == [(stored, "graphs_full") for stored in (2, 1, 1, 0)]


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


@pytest.mark.parametrize(("minutes", "has_room"), [(5, False), (11, True)])
async def test_a_fleet_that_was_off_makes_room_after_the_minutes_for_which_a_graph_is_sure(
    engine: AsyncEngine, minutes: int, *, has_room: bool
) -> None:
    graphs = graphs_of(engine, most=MANY, share=int(4.5 * SIZE))
    stored, _ = await fill(graphs, an_owner(1))
    for color in range(1, stored + 1):
        await age(engine, a_version(color), (minutes + 2) / (24 * 60))
    async with engine.begin() as connection:
        await connection.execute(text(OFF_FOR_SIX_MINUTES), {"ran": minutes})

    await graphs.prune(needed)

    assert any(not is_put for _, is_put in puts_and_deletions(await sent(engine))) is has_room


async def test_an_owner_who_fills_his_part_alone_gets_room_again(engine: AsyncEngine) -> None:
    graphs = graphs_of(engine, most=int(10.5 * SIZE), share=int(10.5 * SIZE))
    assert await fill(graphs, an_owner(1)) == (5, "graphs_full")
    for color in range(1, 6):
        await age(engine, a_version(color), 1)

    await graphs.prune(needed)

    await keep(graphs, a_version(9), owner=an_owner(1))


async def test_an_owner_beside_others_gets_room_again_and_they_keep_theirs(
    engine: AsyncEngine,
) -> None:
    graphs, theirs = graphs_of(engine, most=int(20.4 * SIZE), share=int(10.2 * SIZE)), range(11, 18)
    await keep(graphs, *map(a_version, theirs), owner=an_owner(2))
    stored, code = await fill(graphs, an_owner(1))
    assert (stored, code) == (6, "graphs_full")
    for color in (*range(1, stored + 1), *theirs):
        await age(engine, a_version(color), 1)
    error = await refusal(graphs, a_version(9), an_owner(1))
    assert "half of the room that those of others leave" in error.message

    await graphs.prune(lambda: needed(*map(a_version, theirs)))

    await keep(graphs, a_version(9), owner=an_owner(1))
    for color in theirs:
        await graphs.use(an_owner(2), a_version(color).hash)
