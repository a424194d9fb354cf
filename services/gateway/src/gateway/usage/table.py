"""Writes rows of usage as CSV (RFC 4180) that a spreadsheet shows and does not execute."""

import csv
import io
from collections.abc import Iterable, Sequence

from contracts.scheduler.usage import UsageGrouping, UsageRow

CSV = "text/csv"
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""Spreadsheets take a cell that begins so for a formula (OWASP, CSV injection)."""
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
    target = io.StringIO()
    writer = csv.writer(target)
    writer.writerow(names)
    writer.writerows([cell(getattr(row, name)) for name in names] for row in rows)
    return target.getvalue()


def cell(value: object) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
