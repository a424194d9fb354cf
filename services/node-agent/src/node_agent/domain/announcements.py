"""Names the nodes of this machine: servers that the agent runs, and servers of others."""

from collections.abc import Iterable

from contracts.scheduler.claims import AnnounceNode
from contracts.scheduler.nodes import NodeSettings
from node_agent.domain.managed import ManagedServer, node_id_of


def announcements(
    urls: str, machine: str, pool: str, servers: Iterable[ManagedServer]
) -> list[AnnounceNode]:
    """Return the announcements of the agent's own servers, and of those at other addresses.

    The scheduler says which address is none, so nothing here raises for one.
    """
    own = [AnnounceNode(node_id=one.node_id, node=one.node) for one in servers]
    others = [url.strip().rstrip("/") for url in urls.split(",") if url.strip()]
    nodes = [
        NodeSettings.model_construct(
            name=machine[:80] if len(others) == 1 else name_of(machine, url),
            base_url=url,
            machine=machine,
            pool=pool,
        )
        for url in others
    ]
    return own + [AnnounceNode(node_id=node_id_of(n), node=n, is_managed=False) for n in nodes]


def name_of(machine: str, url: str) -> str:
    server = url.partition("://")[2].partition("/")[0]
    return f"{machine[:70]}-{server.rpartition(':')[2][:9]}"
