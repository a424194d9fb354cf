"""`models`: bring the model files that workflows declare to the nodes of any fleet."""

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Annotated

import typer

from comfyfleet import CommandError
from comfyfleet.client import authoring, models, nodes
from comfyfleet.client.api import FleetClient
from comfyfleet.client.connection import connect
from comfyfleet.commands.workflows import parse
from comfyfleet.tables import colored, console, plain_table, say
from contracts.model_files import TransferPhase, TransferView
from contracts.scheduler.nodes import NodeView
from workflows.spec.installation import ModelSource

POLL_SECONDS = 1.0
ALIVE = (TransferPhase.WAITING, TransferPhase.FETCHING)
GIGABYTE = 1e9

Nodes = Annotated[
    list[str] | None, typer.Option("--node", help="Only this node: id, name or address.")
]


def group() -> typer.Typer:
    app = typer.Typer(help=__doc__, no_args_is_help=True)
    app.command("list")(list_)
    app.command("sync")(sync)
    return app


def list_(*, node: Nodes = None) -> None:
    """List the transfers of each node since its agent's start, and how full its folder is."""
    with closing(connect()) as client:
        table = plain_table("node", "file", "phase", "of it here", "reason")
        for found in chosen(client, node):
            view = models.folder(client, found.id)
            used, most = view.used_bytes / GIGABYTE, view.max_bytes / GIGABYTE
            table.add_row(found.name, "", "", f"{used:.1f} of {most:.1f} GB are used", "")
            for item in view.transfers:
                file = f"{item.folder}/{item.name}"
                table.add_row("", file, colored(item.phase), share(item), item.reason or "")
        console.print(table)


def sync(
    workflow: Annotated[
        list[str] | None, typer.Argument(help="`txt2img`, or `txt2img@3`; else all active ones.")
    ] = None,
    *,
    node: Nodes = None,
    wait: Annotated[bool, typer.Option(help="Wait until each file is there.")] = True,
) -> None:
    """Fetch the model files that workflows declare to each node, and say what became of them.

    An agent that ends meanwhile goes on with the same bytes once it is back.
    """
    with closing(connect()) as client:
        references = [parse(one) for one in workflow or []] or [
            (row.name, None) for row in authoring.find(client, None, active=True)
        ]
        sources = models.declared(client, references)
        found = chosen(client, node)
        for one in found:
            for source in sources:
                say(line(one, models.fetch(client, one.id, source)))
        views = [view for one in found for view in follow(client, one, sources)] if wait else []
    if any(view.phase is TransferPhase.FAILED for view in views):
        raise CommandError("Not every file could be fetched.")


def chosen(client: FleetClient, names: list[str] | None) -> list[NodeView]:
    return [nodes.find(client, name) for name in names] if names else client.nodes()


def follow(
    client: FleetClient, node: NodeView, sources: Sequence[ModelSource]
) -> Iterator[TransferView]:
    """Tell how far the files of a node are; yield each one that is there or has failed."""
    waiting = {(source.folder, source.name): source for source in sources}
    told: dict[tuple[str, str], str] = {}
    while waiting:
        known = {(one.folder, one.name): one for one in models.folder(client, node.id).transfers}
        for name, source in list(waiting.items()):
            # an agent that was started again knows nothing of it
            view = known.get(name) or models.fetch(client, node.id, source)
            if told.get(name) != (text := line(node, view)):
                told[name] = text
                say(text)
            if view.phase not in ALIVE:
                del waiting[name]
                yield view
        if waiting:
            time.sleep(POLL_SECONDS)


def line(node: NodeView, view: TransferView) -> str:
    reason = f": {view.reason}" if view.reason else ""
    words = f"{node.name} {view.folder}/{view.name} {view.phase}"
    return " ".join(filter(None, [words, share(view)])) + reason


def share(view: TransferView) -> str:
    """Return how much of the file has come, in steps of ten percent."""
    if not view.size_bytes or view.phase is not TransferPhase.FETCHING:
        return ""
    return f"{view.fetched_bytes * 10 // view.size_bytes * 10} %"
