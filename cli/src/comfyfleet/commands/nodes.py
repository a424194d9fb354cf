"""`nodes`: list, add, change, drain and remove the GPU servers of any fleet, and read logs."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from comfyfleet import CommandError
from comfyfleet.client import nodes
from comfyfleet.client.api import FleetClient
from comfyfleet.client.connection import connect
from comfyfleet.commands.node_comparison import compare
from comfyfleet.node_tables import found_there, node_card, nodes_table
from comfyfleet.tables import console, say
from contracts.node_log import MOST_LOG_LINES
from contracts.scheduler.nodes import NodePhase, NodeView, Setting

POLL_SECONDS = 0.5
WORKING = (NodePhase.READY, NodePhase.BUSY)

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Name = Annotated[str, typer.Argument(metavar="NODE", help="Id, name or address of a node.")]
Names = Annotated[
    list[str], typer.Argument(metavar="NODE…", help="Ids, names or addresses of nodes.")
]
Queue = Annotated[
    int | None, typer.Option(min=1, max=16, help="Most foreign prompts beside a job.")
]
Priority = Annotated[int | None, typer.Option(help="The highest among equals gets a job.")]
Pool = Annotated[str | None, typer.Option(help="Only agents of this pool claim it.")]
Labels = Annotated[list[str] | None, typer.Option("--label", help="key=value")]
Headers = Annotated[
    list[str] | None, typer.Option("--header", help="'Name: value' for a proxy before it.")
]
CaFile = Annotated[
    Path | None,
    typer.Option(exists=True, dir_okay=False, help="PEM certificates to trust there, of your own."),
]
Wait = Annotated[float, typer.Option(min=0, help="Wait for so many seconds at most.")]


def group() -> typer.Typer:
    """The command itself, which lists, and its sub-commands."""
    app = typer.Typer(help=__doc__, invoke_without_command=True)
    app.callback()(show)
    verbs = (list_, get, add, set_, enable, disable, drain, resume, remove, compare, log)
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
    label: Labels = None,
    header: Headers = None,
    ca_file: CaFile = None,
    wait: Wait = 30.0,
) -> None:
    """Add a server, and say what its agent finds there; fail if it cannot work in time."""
    settings = settings_of(max_queue, priority, pool, label, header)
    settings |= trusting(ca_file)
    settings |= {"base_url": url, "name": name or url.partition("://")[2][:80] or url[:80]}
    with closing(connect()) as client:
        node = nodes.add(client, settings)
        say(f"added {node.id} {node.name}")
        if wait:
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
    header: Headers = None,
    ca_file: CaFile = None,
) -> None:
    """Change settings of a node while it works; labels and headers are replaced as a whole."""
    settings = settings_of(max_queue, priority, pool, label, header)
    settings |= given(name=new_name, base_url=url)
    if not settings and not ca_file:
        raise CommandError("Name at least one setting to change; --help lists them.")
    with closing(connect()) as client:
        node = nodes.find(client, name)
        settings |= trusting(ca_file, node.engine_settings)
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


def print_phase(node: NodeView) -> None:
    say(f"{node.name} {node.phase}{f' ({node.reason})' if node.reason else ''}")


def settings_of(
    max_queue: int | None,
    priority: int | None,
    pool: str | None,
    labels: Sequence[str] | None,
    headers: Sequence[str] | None,
) -> dict[str, Any]:
    return given(
        max_queue=max_queue,
        priority=priority,
        pool=pool,
        labels=labels and pairs(labels, "=", "--label key=value"),
        headers=headers and pairs(headers, ":", "--header 'Name: value'"),
    )


def trusting(ca_file: Path | None, known: Mapping[str, Setting] = {}) -> dict[str, Any]:
    """Return the engine's settings with the certificates in the file, if one is given."""
    if ca_file is None:
        return {}
    certificates = ca_file.read_bytes().decode(errors="replace")
    if "BEGIN CERTIFICATE" not in certificates:
        raise CommandError(f"{ca_file} holds no PEM certificate (`-----BEGIN CERTIFICATE-----`).")
    return {"engine_settings": {**known, "ca_certificates": certificates}}


def given(**settings: Any) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if value is not None}


def pairs(texts: Sequence[str], separator: str, form: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in texts:
        name, is_pair, value = text.partition(separator)
        if not is_pair or not name.strip():
            raise CommandError(f"Expected {form}, not {text!r}.")
        found[name.strip()] = value.strip()
    return found


def wait_for(
    client: FleetClient, node_id: UUID, seconds: float, is_done: Callable[[NodeView], bool]
) -> NodeView:
    """Return the node once it is done; show each new reason why not. Raises CommandError."""
    until, shown = time.monotonic() + seconds, ""
    while not is_done(node := nodes.get(client, node_id)):
        text = f"{node.phase}: {node.reason or 'no reason known'}"
        if time.monotonic() > until:
            raise CommandError(f"{node.name} is {text}")
        if text != shown:
            say(f"  {text}")
        shown = text
        time.sleep(POLL_SECONDS)
    return node
