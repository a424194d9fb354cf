"""Answers queries for usage, from the sums that commits add up."""

from collections.abc import Sequence
from datetime import date
from typing import TypeAlias
from uuid import UUID

from pydantic import TypeAdapter

from contracts.scheduler.usage import FindUsage, UsageGrouping, UsagePage, UsageRow
from contracts.values import ReferenceText, fitting
from runtime.cursor import Cursors
from scheduler.domain.usage import NO_NODE
from scheduler.handlers.queries import owner_to_show
from scheduler.service import Scheduler

Group: TypeAlias = tuple[date | None, UUID | None, str | None, UUID | None]
"""Day, owner, workflow and node; None where sums are over all."""
GROUP: TypeAdapter[Group] = TypeAdapter(
    tuple[date | None, UUID | None, ReferenceText | None, UUID | None]
)


async def find_usage(scheduler: Scheduler, query: FindUsage) -> UsagePage:
    """Return the sums of the groups behind the cursor; the places of groups do not move."""
    scheduler.current_term()
    owner_id = owner_to_show(query.actor, query.owner_id)
    cursors = Cursors(f"usage_by_{'_'.join(query.by)}", GROUP)
    after = cursors.read(query.cursor)
    values = ordered(query, after) if after else None
    if values and None in values:
        raise cursors.refusal()
    found = await scheduler.usage_reader.sums(query, owner_id, values)
    items = fitting(found[: query.limit])
    has_more = len(items) < len(found)
    return UsagePage(
        items=items, next_cursor=cursors.write(group_of(query, items[-1])) if has_more else None
    )


def group_of(query: FindUsage, row: UsageRow) -> Group:
    node_id = (row.node_id or NO_NODE) if UsageGrouping.NODE in query.by else None
    return row.day, row.owner_id, row.workflow, node_id


def ordered(query: FindUsage, group: Group) -> Sequence[object]:
    """Return the values of a group in the order of the query."""
    by_grouping = dict(zip(UsageGrouping, group, strict=True))
    return [by_grouping[grouping] for grouping in query.by]
