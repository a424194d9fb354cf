"""Writes rows of usage as a table of CSV."""

from collections.abc import Iterable, Sequence

from contracts.scheduler.usage import UsageGrouping, UsageRow
from gateway.http.csv_lines import csv_lines

COLUMNS = {
    UsageGrouping.DAY: "day",
    UsageGrouping.OWNER: "owner_id",
    UsageGrouping.WORKFLOW: "workflow",
    UsageGrouping.NODE: "node_id",
}


def csv_table(rows: Iterable[UsageRow], by: Sequence[UsageGrouping]) -> str:
    """Return a header and one line for each row, first the columns of the groups."""
    groups = [COLUMNS[grouping] for grouping in by]
    names = groups + [name for name in UsageRow.model_fields if name not in COLUMNS.values()]
    lines = [names, *([getattr(row, name) for name in names] for row in rows)]
    return csv_lines(lines).decode()
