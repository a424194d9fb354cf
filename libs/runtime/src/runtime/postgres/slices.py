"""Deletes many rows in short transactions, so that nobody waits and no statement times out."""

from sqlalchemy import ColumnElement, Table, Text, delete, literal_column, select
from sqlalchemy.ext.asyncio import AsyncEngine

from runtime.postgres.transaction import transaction

ROWS_AT_ONCE = 500


async def delete_in_slices(engine: AsyncEngine, table: Table, which: ColumnElement[bool]) -> int:
    """Delete the rows for which the condition holds, and return their number.

    A row that changes meanwhile is passed over, and found by the next run if it is still wanted.
    """
    place = literal_column("ctid", Text)
    some = select(place).select_from(table).where(which).limit(ROWS_AT_ONCE).correlate(None)
    statement, deleted = delete(table).where(place.in_(some)), 0
    while True:
        async with transaction(engine) as connection:
            found = (await connection.execute(statement)).rowcount
        deleted += found
        if found < ROWS_AT_ONCE:
            return deleted
