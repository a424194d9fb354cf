"""`models`: bring the model files that workflows declare to the nodes of any fleet."""

import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from json import dumps
from typing import Annotated

import typer
from rich.table import Table

from comfyfleet import CommandError
from comfyfleet.client import authoring, models, nodes
from comfyfleet.client.api import FleetClient
from comfyfleet.client.connection import connect
from comfyfleet.client.errors import FORBIDDEN, UNAUTHORIZED, ApiError, AwayError
from comfyfleet.commands.workflows import parse
from comfyfleet.tables import colored, console, plain_table, say
from contracts.model_files import NodeModelsView, TransferPhase, TransferView
from contracts.scheduler.nodes import NodeView
from workflows.spec.installation import ModelSource

POLL_SECONDS = 1.0
ALIVE = (TransferPhase.WAITING, TransferPhase.FETCHING)
GIGABYTE = 1e9
FULL, OTHER_CONTENT = "transfers_full", "transfer_exists"
ACCOUNT = (UNAUTHORIZED, FORBIDDEN)
"""Statuses that are no refusal of one node."""

Nodes = Annotated[
    list[str] | None, typer.Option("--node", help="Only this node: id, name or address.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def group() -> typer.Typer:
    app = typer.Typer(help=__doc__, no_args_is_help=True)
    app.command("list")(list_)
    app.command("sync")(sync)
    return app


def list_(*, node: Nodes = None, json: Json = False) -> None:
    """List the transfers of each node since its agent's start, and how full its folder is."""
    refusals, folders = Refusals(), list[tuple[NodeView, NodeModelsView]]()
    with closing(connect()) as client:
        for found in chosen(client, node):
            with refusals.of(found):
                folders.append((found, models.folder(client, found.id)))
    if json:
        rows = [{"node_id": str(one.id), **view.model_dump(mode="json")} for one, view in folders]
        say(dumps(rows))
    else:
        console.print(folders_table(folders))
    refusals.fail_if_any()


def folders_table(folders: Sequence[tuple[NodeView, NodeModelsView]]) -> Table:
    table = plain_table("node", "file", "phase", "of it here", "reason")
    for node, view in folders:
        used, most = view.used_bytes / GIGABYTE, view.max_bytes / GIGABYTE
        table.add_row(node.name, "", "", f"{used:.1f} of {most:.1f} GB are used", "")
        for item in view.transfers:
            file = f"{item.folder}/{item.name}"
            table.add_row("", file, colored(item.phase), share(item), item.reason or "")
    return table


def sync(
    workflow: Annotated[
        list[str] | None, typer.Argument(help="`txt2img`, or `txt2img@3`; else all active ones.")
    ] = None,
    *,
    node: Nodes = None,
    wait: Annotated[bool, typer.Option(help="Wait until each file is there.")] = True,
    patience: Annotated[
        float, typer.Option(min=0, help="Give up a node without progress for so many seconds.")
    ] = 300.0,
) -> None:
    """Fetch the model files that workflows declare to each node, and say what became of them.

    An agent that ends meanwhile goes on with the same bytes once it is back. A node that refuses
    holds up no other; the command fails in the end.
    """
    with closing(connect()) as client:
        references = [parse(one) for one in workflow or []] or [
            (row.name, None) for row in authoring.find(client, None, active=True)
        ]
        sources = models.declared(client, references)
        refusals, views = Refusals(), list[TransferView]()
        pending: list[tuple[NodeView, list[ModelSource]]] = []
        for one in chosen(client, node):
            with refusals.of(one):
                pending.append((one, begin(client, one, sources, views, wait=wait)))
        for one, begun in pending if wait else ():
            with refusals.of(one):
                views += follow(client, one, begun, patience)
    refusals.fail_if_any()
    if any(view.phase is TransferPhase.FAILED for view in views):
        raise CommandError("Not every file could be fetched.")


def chosen(client: FleetClient, names: list[str] | None) -> list[NodeView]:
    return [nodes.find(client, name) for name in names] if names else client.nodes()


class Refusals:
    """Nodes that refused, while the command went on with the others."""

    def __init__(self) -> None:
        self._names: list[str] = []

    @contextmanager
    def of(self, node: NodeView) -> Generator[None, None, None]:
        """Say why a node refuses; raise if it is the account that may not ask."""
        try:
            yield
        except ApiError as error:
            if error.status in ACCOUNT:
                raise
            self._names.append(node.name)
            typer.echo(f"{node.name}: {error}", err=True)

    def fail_if_any(self) -> None:
        if self._names:
            raise CommandError(f"Left out: {', '.join(self._names)}.")


def begin(
    client: FleetClient,
    node: NodeView,
    sources: Sequence[ModelSource],
    views: list[TransferView],
    *,
    wait: bool,
) -> list[ModelSource]:
    """Ask the node for each file; return those to follow, and add refused ones to the views.

    An agent that is away is asked for the rest by `follow`, once it is back.
    """
    begun: list[ModelSource] = []
    for number, source in enumerate(sources):
        try:
            view = ask(client, node, source) if wait else models.fetch(client, node.id, source)
        except AwayError:
            if not wait:
                raise
            return [*begun, *sources[number:]]
        except ApiError as error:
            if error.code != OTHER_CONTENT:
                raise
            failed, reason = TransferPhase.FAILED, str(error)
            view = TransferView(folder=source.folder, name=source.name, phase=failed, reason=reason)
            views.append(view)
        else:
            begun.append(source)
        if view:
            say(line(node, view))
    return begun


def ask(client: FleetClient, node: NodeView, source: ModelSource) -> TransferView | None:
    """Let the node fetch the file; None while its agent has too many transfers."""
    try:
        return models.fetch(client, node.id, source)
    except ApiError as error:
        if error.code != FULL:
            raise
        return None


def follow(
    client: FleetClient, node: NodeView, sources: Sequence[ModelSource], patience: float
) -> Iterator[TransferView]:
    """Tell how far the files of a node are; yield each one that is there or has failed.

    Raises ApiError if the node makes no progress for so many seconds: its agent may be gone.
    """
    waiting = {(source.folder, source.name): source for source in sources}
    told: dict[tuple[str, str], str] = {}
    seen: list[TransferView] | None = None
    moved_at = time.monotonic()
    while waiting:
        trouble = ApiError("makes no progress", 0)
        try:
            transfers = models.folder(client, node.id).transfers
            if transfers != seen:
                seen, moved_at = transfers, time.monotonic()
            yield from ended(client, node, waiting, transfers, told)
        except ApiError as error:
            if error.status in ACCOUNT:
                raise
            trouble = error
        if waiting and time.monotonic() - moved_at > patience:
            raise trouble
        if waiting:
            time.sleep(POLL_SECONDS)


def ended(
    client: FleetClient,
    node: NodeView,
    waiting: dict[tuple[str, str], ModelSource],
    transfers: Sequence[TransferView],
    told: dict[tuple[str, str], str],
) -> Iterator[TransferView]:
    """Say what is new of the files that wait; yield those that wait no longer."""
    known = {(one.folder, one.name): one for one in transfers}
    for name, source in list(waiting.items()):
        # an agent that was started again knows nothing of it
        view = known.get(name) or ask(client, node, source)
        if view is None:
            continue
        if told.get(name) != (text := line(node, view)):
            told[name] = text
            say(text)
        if view.phase not in ALIVE:
            del waiting[name]
            yield view


def line(node: NodeView, view: TransferView) -> str:
    reason = f": {view.reason}" if view.reason else ""
    words = f"{node.name} {view.folder}/{view.name} {view.phase}"
    return " ".join(filter(None, [words, share(view)])) + reason


def share(view: TransferView) -> str:
    """Return how much of the file has come, in steps of ten percent."""
    if not view.size_bytes or view.phase is not TransferPhase.FETCHING:
        return ""
    return f"{view.fetched_bytes * 10 // view.size_bytes * 10} %"
