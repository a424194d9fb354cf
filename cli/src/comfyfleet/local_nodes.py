"""Makes the fleet's nodes equal to the GPU servers in this machine's settings."""

from collections.abc import Callable, Sequence
from typing import Protocol
from uuid import UUID

from comfyfleet.client.errors import ApiError
from contracts.scheduler.nodes import NodeView

LABEL = {"managed-by": "local"}
ADDED_MEANWHILE = "node_exists"


class NodesClient(Protocol):
    """The requests of the API that `reconcile` sends."""

    def nodes(self) -> list[NodeView]: ...
    def add_node(self, name: str, base_url: str, labels: dict[str, str]) -> NodeView: ...
    def remove_node(self, node_id: UUID) -> None: ...


def reconcile(client: NodesClient, wanted: Sequence[str], report: Callable[[str], None]) -> None:
    """Add missing nodes; remove nodes that an earlier start added and no setting names now.

    Nodes that people added stay.
    """
    present = client.nodes()
    for node in present:
        if is_ours(node) and node.base_url not in wanted:
            client.remove_node(node.id)
            report(f"removed node {node.name} ({node.base_url})")
    known = {node.base_url for node in present}
    names = {node.name for node in present}
    for url in wanted:
        if url not in known:
            add(client, url, free_name(url, names))
            report(f"added node {url}")


def add(client: NodesClient, url: str, name: str) -> None:
    try:
        client.add_node(name, url, LABEL)
    except ApiError as error:
        if error.code != ADDED_MEANWHILE:
            raise


def is_ours(node: NodeView) -> bool:
    return node.labels.items() >= LABEL.items()


def free_name(url: str, taken: set[str]) -> str:
    """Return the address as a name, with a number if another node has that name."""
    plain = url.partition("://")[2][:70] or url[:70]
    name, number = plain, 1
    while name in taken:
        number += 1
        name = f"{plain} ({number})"
    taken.add(name)
    return name
