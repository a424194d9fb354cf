"""`nodes capabilities`, `nodes queue`, `nodes log`: what is on one node."""

from contextlib import closing
from json import dumps
from typing import Annotated

import typer
from rich.table import Table

from comfyfleet.client import nodes
from comfyfleet.client.connection import connect
from comfyfleet.tables import console, plain_table, say
from contracts.node_log import MOST_LOG_LINES
from contracts.node_queue import NodeQueue

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Name = Annotated[str, typer.Argument(metavar="NODE", help="Id, name or address of a node.")]


def capabilities(name: Name, *, json: Json = False) -> None:
    """List the classes and the model files of a node, one a line."""
    with closing(connect()) as client:
        found = sorted(nodes.capabilities(client, nodes.find(client, name).id))
    say(dumps(found) if json else "\n".join(found))


def queue(name: Name, *, json: Json = False) -> None:
    """Show the prompts that a node's engine has: those of jobs, and foreign ones."""
    with closing(connect()) as client:
        found = nodes.queue(client, nodes.find(client, name).id)
    if json:
        say(found.model_dump_json())
        return
    console.print(queue_table(found))
    if (left := found.prompt_count - len(found.prompts)) > 0:
        say(f"and {left} more")


def queue_table(found: NodeQueue) -> Table:
    table = plain_table("prompt", "state", "job", "owner", "phase")
    for prompt in found.prompts:
        job, owner = prompt.job_id or "foreign", prompt.owner_id or ""
        table.add_row(prompt.prompt_id, prompt.state, str(job), str(owner), prompt.phase or "")
    return table


def log(
    name: Name,
    *,
    lines: Annotated[
        int, typer.Option("--lines", "-n", min=1, max=MOST_LOG_LINES, help="So many lines.")
    ] = 100,
    json: Json = False,
) -> None:
    """Show what the server of a node printed last, if its agent runs it."""
    with closing(connect()) as client:
        found = nodes.log(client, nodes.find(client, name).id, lines)
    say(found.model_dump_json() if json else "\n".join(found.lines))
