"""Tables that explain to a terminal why a job waits."""

from collections.abc import Iterator

from rich.table import Table
from rich.text import Text

from comfyfleet.job_tables import moment
from comfyfleet.tables import colored, plain_table
from contracts.scheduler.explanations import JobExplanation


def explanation_card(explanation: JobExplanation) -> Table:
    table = plain_table("field", "value")
    for name, value in explanation_lines(explanation):
        if value:
            table.add_row(name, value if isinstance(value, Text) else Text(value))
    return table


def explanation_lines(explanation: JobExplanation) -> Iterator[tuple[str, str | Text]]:
    yield "job", str(explanation.job_id)
    yield "status", colored(explanation.status)
    yield "reason", explanation.message
    if hold := explanation.hold:
        until = f" (until {moment(hold.until)})" if hold.until else ""
        yield "held by", f"{hold.code}{until}"
    if share := explanation.share:
        yield "jobs of its owner", f"{share.running_count} run, {share.waiting_count} wait"
        if share.before_count is not None:
            yield "before it", f"{share.before_count} of its owner's jobs"
        yield "owners in turn", str(share.owner_count)


def obstacles_table(explanation: JobExplanation) -> Table:
    """Show each node, or how many nodes have each reason if the account may not see nodes."""
    if explanation.nodes:
        table = plain_table("node", "reason")
        for line in explanation.nodes:
            table.add_row(Text(line.name), Text(line.message + about(line.free_in_seconds)))
        return table
    table = plain_table("nodes", "reason")
    for group in explanation.obstacles:
        table.add_row(str(group.count), Text(group.message + about(group.free_in_seconds)))
    return table


def about(seconds: float | None) -> str:
    return "" if seconds is None else f", free in about {seconds:.0f} s"
