"""Sums of usage as rows. A commit adds to them; nothing ever sets them."""

from scheduler.adapters.statements import Column, insert
from scheduler.domain.usage import UsagePart


def key(name: str, type_: str) -> Column[UsagePart]:
    return Column(name, type_, lambda part: getattr(part[0], name))


def amount(name: str, type_: str) -> Column[UsagePart]:
    return Column(name, type_, lambda part: getattr(part[1], name))


KEY = (
    key("day", "date"),
    key("owner_id", "uuid"),
    key("workflow", "text"),
    key("node_id", "uuid"),
    key("outcome", "text"),
)
AMOUNTS = (
    amount("job_count", "bigint"),
    amount("attempt_count", "bigint"),
    amount("unmeasured_count", "bigint"),
    amount("executed_seconds", "float8"),
    amount("load_count", "bigint"),
    amount("load_seconds", "float8"),
)
SUMS = ", ".join(f"{c.name} = usage.{c.name} + excluded.{c.name}" for c in AMOUNTS)
ADD_USAGE = insert(
    "usage",
    (*KEY, *AMOUNTS),
    tail=f"ON CONFLICT ({', '.join(column.name for column in KEY)}) DO UPDATE SET {SUMS}",
)
