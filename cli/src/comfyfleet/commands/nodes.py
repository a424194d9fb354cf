"""`nodes`: list, add, change, drain and remove the GPU servers of any fleet, and read logs."""

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Annotated, Any
from uuid import UUID

import typer

from comfyfleet import CommandError
from comfyfleet.client import nodes
from comfyfleet.client.api import FleetClient
from comfyfleet.client.connection import connect
from comfyfleet.commands.node_comparison import compare
from comfyfleet.commands.node_contents import capabilities, log, queue
from comfyfleet.commands.node_settings import (
    CERTIFICATES,
    CaFile,
    EngineSettings,
    Headers,
    Labels,
    Pool,
    Priority,
    Queue,
    engine_settings,
    given,
    pairs_of,
)
from comfyfleet.node_remedies import remedies_of
from comfyfleet.node_tables import found_there, node_card, nodes_table
from comfyfleet.tables import console, say
from contracts.scheduler.nodes import NodePhase, NodeView

POLL_SECONDS = 0.5
WORKING = (NodePhase.READY, NodePhase.BUSY)

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Name = Annotated[str, typer.Argument(metavar="NODE", help="Id, name or address of a node.")]
Names = Annotated[
    list[str], typer.Argument(metavar="NODE…", help="Ids, names or addresses of nodes.")
]
Wait = Annotated[float, typer.Option(min=0, help="Wait for so many seconds at most.")]


def group() -> typer.Typer:
    """The command itself, which lists, and its sub-commands."""
    app = typer.Typer(help=__doc__, invoke_without_command=True)
    app.callback()(show)
    verbs = (list_, get, add, set_, enable, disable, drain, resume, remove)
    verbs += (compare, capabilities, queue, log)
    for command in verbs:
        app.command(command.__name__.rstrip("_"))(command)
    return app


def show(context: typer.Context) -> None:
    """List the nodes; the commands below do more."""
    if context.invoked_subcommand is None:
        list_()


def list_(*, json: Json = False) -> None:
    """List the nodes with phase, free memory and running jobs, and why one gets no job."""
    with closing(connect()) as client:
        found = client.nodes()
    if json:
        say(f"[{','.join(node.model_dump_json() for node in found)}]")
    else:
        console.print(nodes_table(found))


def get(name: Name, *, json: Json = False) -> None:
    """Show everything about a node."""
    with closing(connect()) as client:
        node = nodes.find(client, name)
    if json:
        say(node.model_dump_json())
    else:
        console.print(node_card(node))


def add(  # noqa: PLR0913  (the options of the command)
    url: Annotated[str, typer.Argument(help="Address of its server: http://10.0.0.7:8188")],
    *,
    name: Annotated[str | None, typer.Option(help="Name for people; else the address.")] = None,
    max_queue: Queue = None,
    priority: Priority = None,
    pool: Pool = None,
    machine: Annotated[
        str | None, typer.Option(help="Only agents on this machine claim it.")
    ] = None,
    label: Labels = None,
    header: Headers = None,
    ca_file: CaFile = None,
    engine_setting: EngineSettings = None,
    disabled: Annotated[
        bool, typer.Option("--disabled", help="Leave it to `nodes enable` to let agents claim it.")
    ] = False,
    wait: Wait = 30.0,
) -> None:
    """Add a server, and say what its agent finds there; fail if it cannot work in time."""
    settings = given(
        base_url=url,
        name=name or url.partition("://")[2][:80] or url[:80],
        max_queue=max_queue,
        priority=priority,
        pool=pool,
        machine=machine,
        labels=pairs_of("--label", label),
        headers=pairs_of("--header", header),
        engine_settings=engine_settings({}, engine_setting, ca_file),
        is_enabled=False if disabled else None,
    )
    with closing(connect()) as client:
        node = nodes.add(client, settings)
        say(f"added {node.id} {node.name}")
        if wait and not disabled:
            node = wait_for(client, node.id, wait, lambda found: found.phase in WORKING)
            say(f"{node.phase}: {found_there(node)}")


def set_(  # noqa: PLR0913  (the options of the command)
    name: Name,
    *,
    new_name: Annotated[str | None, typer.Option("--name", help="A new name.")] = None,
    url: Annotated[str | None, typer.Option(help="A new address; running jobs go on.")] = None,
    max_queue: Queue = None,
    priority: Priority = None,
    pool: Pool = None,
    label: Labels = None,
    no_labels: Annotated[bool, typer.Option("--no-labels", help="Remove all labels.")] = False,
    header: Headers = None,
    no_headers: Annotated[bool, typer.Option("--no-headers", help="Remove all headers.")] = False,
    ca_file: CaFile = None,
    no_ca: Annotated[bool, typer.Option("--no-ca", help="Trust no own certificates.")] = False,
    engine_setting: EngineSettings = None,
) -> None:
    """Change settings of a node while it works.

    Labels and headers are replaced as a whole; other engine settings stay.
    """
    settings = given(
        name=new_name,
        base_url=url,
        max_queue=max_queue,
        priority=priority,
        pool=pool,
        labels=pairs_of("--label", label, removes=no_labels),
        headers=pairs_of("--header", header, removes=no_headers),
    )
    changes_engine = bool(ca_file or no_ca or engine_setting)
    if not settings and not changes_engine:
        raise CommandError("Name at least one setting to change; --help lists them.")
    with closing(connect()) as client:
        node = nodes.find(client, name)
        if changes_engine:
            known = dict(node.engine_settings)
            if no_ca:
                known.pop(CERTIFICATES, None)
            changed = engine_settings(known, engine_setting, ca_file)
            settings["engine_settings"] = known if changed is None else changed
        print_phase(nodes.change(client, node.id, settings))


def enable(names: Names) -> None:
    """Let agents claim the nodes again."""
    change_each(names, is_enabled=True)


def disable(names: Names) -> None:
    """Let the nodes finish their jobs, then let go of them until they are enabled."""
    change_each(names, is_enabled=False)


def change_each(names: Sequence[str], **settings: Any) -> None:
    with closing(connect()) as client:
        for name in names:
            print_phase(nodes.change(client, nodes.find(client, name).id, settings))


def drain(names: Names, *, wait: Wait = 0.0) -> None:
    """Let the nodes finish their jobs and give them no new one until they are resumed."""
    with closing(connect()) as client:
        drained = [nodes.drain(client, nodes.find(client, name).id) for name in names]
        for node in drained:
            print_phase(wait_for(client, node.id, wait, is_empty) if wait else node)


def is_empty(node: NodeView) -> bool:
    return not node.running_job_ids


def resume(names: Names) -> None:
    """Give jobs to drained nodes again."""
    with closing(connect()) as client:
        for name in names:
            print_phase(nodes.resume(client, nodes.find(client, name).id))


def remove(names: Names) -> None:
    """Remove nodes for good; jobs that run on them run again elsewhere, so drain them first."""
    with closing(connect()) as client:
        for name in names:
            node = nodes.find(client, name)
            client.remove_node(node.id)
            say(f"removed {node.id} {node.name}")


def print_phase(node: NodeView) -> None:
    say(f"{node.name} {node.phase}{f' ({node.reason})' if node.reason else ''}")


def wait_for(
    client: FleetClient, node_id: UUID, seconds: float, is_done: Callable[[NodeView], bool]
) -> NodeView:
    """Return the node once it is done; show each new reason why not. Raises CommandError."""
    until, shown = time.monotonic() + seconds, ""
    while not is_done(node := nodes.get(client, node_id)):
        text = f"{node.phase}: {node.reason or 'no reason known'}"
        if time.monotonic() > until:
            lines = [f"{node.name} is {text}", *(f"  → {line}" for line in remedies_of(node))]
            raise CommandError("\n".join(lines))
        if text != shown:
            say(f"  {text}")
        shown = text
        time.sleep(POLL_SECONDS)
    return node
