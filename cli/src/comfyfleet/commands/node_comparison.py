"""`nodes compare`: the classes, model files, releases and descriptions in which nodes differ."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from json import dumps
from typing import Annotated

import typer

from comfyfleet.client import nodes
from comfyfleet.client.connection import connect
from comfyfleet.tables import console, plain_table, say
from contracts.scheduler.nodes import NodeView

Found = Mapping[str, set[str]]
"""Everything that a node can run, by the digest of it."""


def compare(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NODE…", help="Nodes to compare; else all.")
    ] = None,
    *,
    json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """List what some nodes can run and others cannot; fail if they differ."""
    with closing(connect()) as client:
        wanted = [nodes.find(client, name) for name in names] if names else client.nodes()
        found: dict[str, set[str]] = {}
        for node in wanted:
            if node.digest and node.digest not in found:
                found[node.digest] = nodes.capabilities(client, node.id)
    described = [node for node in wanted if node.digest]
    missing = differences(described, found)
    if json:
        say(dumps({name: [str(node.id) for node in without] for name, without in missing.items()}))
    else:
        show(described, missing)
        for node in wanted:
            if node not in described:
                say(f"{node.name} is left out: {node.reason or 'it is not described yet'}")
    if missing:
        raise typer.Exit(1)


def differences(wanted: Sequence[NodeView], found: Found) -> dict[str, list[NodeView]]:
    """Return the nodes that lack a thing, by its name; things that all nodes have are left out.

    Nodes with equal names may differ in what the names mean, as with another release of a custom
    node: then the description of each is a thing too.
    """
    things = {node.id: things_of(node, found) for node in wanted}
    digests: dict[frozenset[str], set[str | None]] = {}
    for node in wanted:
        digests.setdefault(frozenset(things[node.id]), set()).add(node.digest)
    apart = set[str | None]().union(*(some for some in digests.values() if len(some) > 1))
    for node in wanted:
        if node.digest in apart:
            things[node.id] = things[node.id] | {f"description {node.digest}"}
    every = set[str]().union(*things.values())
    lacking = {name: [node for node in wanted if name not in things[node.id]] for name in every}
    return {name: lacking[name] for name in sorted(every) if lacking[name]}


def things_of(node: NodeView, found: Found) -> set[str]:
    return found[node.digest or ""] | {f"{node.engine} {node.engine_version}"}


def show(wanted: Sequence[NodeView], missing: Mapping[str, Sequence[NodeView]]) -> None:
    if not missing:
        plural = "" if len(wanted) == 1 else "s"
        say(f"{len(wanted)} node{plural}: equal classes, model files, releases and descriptions")
        return
    table = plain_table("thing", "has it", "lacks it")
    for name, without in missing.items():
        with_it = [node for node in wanted if node not in without]
        table.add_row(name, names_of(with_it), names_of(without))
    console.print(table)


def names_of(wanted: Sequence[NodeView]) -> str:
    return ", ".join(node.name for node in wanted)
