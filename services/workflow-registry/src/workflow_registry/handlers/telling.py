"""What gateways are told of the fleet: its model files, and what each kind of server takes."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from contracts.registry.workflows import ServerClasses, WorkflowName
from workflow_registry.domain.descriptions import by_folder
from workflow_registry.domain.excerpts import excerpt
from workflow_registry.handlers.fleet import Fleet
from workflow_registry.ports import Catalogue, Offers


@dataclass(slots=True)
class Board:
    """What was told, by what: a server's excerpt changes only with the classes that are used."""

    offers: Offers
    versions: frozenset[str] = frozenset()
    used: frozenset[str] = frozenset()
    """Graph-node classes of these versions."""
    excerpts: dict[str, ServerClasses] = field(default_factory=dict[str, ServerClasses])


async def tell_gateways(
    board: Board, fleet: Fleet, catalogue: Catalogue, names: Mapping[str, WorkflowName]
) -> None:
    """Publish what is news; nothing while no server is described, which may be but a moment."""
    if not fleet.described:
        return
    versions = frozenset(
        digest
        for workflow in names.values()
        if not workflow.is_deleted
        for digest in workflow.versions.values()
    )
    if versions != board.versions:
        used = await catalogue.classes()
        if used != board.used:
            board.excerpts.clear()
        board.versions, board.used = versions, used
    board.excerpts = {
        digest: board.excerpts.get(digest) or await taken(fleet, digest, board.used)
        for digest in sorted(fleet.described)
    }
    await board.offers.publish(by_folder(fleet.together.models), list(board.excerpts.values()))


async def taken(fleet: Fleet, digest: str, used: frozenset[str]) -> ServerClasses:
    """What servers with this digest take; in a thread, as their classes are many."""
    return await asyncio.to_thread(excerpt, digest, await fleet.parsed(digest), used)
