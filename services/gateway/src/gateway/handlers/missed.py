"""What a client that comes back has missed: from memory, else from the stored stream."""

from uuid import UUID

from contracts.errors import UnavailableError
from contracts.scheduler.jobs import JobView
from gateway.domain.facts import Fact, complete
from gateway.handlers.hub import Hub
from gateway.ports import TOO_MUCH, Archive


async def missed_of_job(hub: Hub, archive: Archive, view: JobView, seen: int | None) -> list[Fact]:
    """Facts after version `seen` that the snapshot `view` covers.

    What is no longer stored is left out: the snapshot says where the job is.
    """
    if seen is None or seen >= view.version:
        return []
    found = hub.ring.of_job(view.id, seen, view.version)
    if found is not None:
        return found
    try:
        first, last = await archive.bounds()
        stored = await archive.replay(view.owner_id, first - 1, last)
    except UnavailableError:
        return []
    facts = [fact for fact in stored if fact.job_id == view.id]
    return complete(facts, seen, view.version) or []


async def missed_of_owner(
    hub: Hub, archive: Archive, owner_id: UUID, seen: int | None
) -> list[Fact] | None:
    """The owner's facts after sequence `seen`; None if a snapshot has to do instead."""
    if seen is None:
        return None
    position = hub.ring.position
    if seen > position:  # another replica was ahead of this one, or the stream is a new one
        _, last = await archive.bounds()
        return [] if seen <= last else None
    found = hub.ring.since(seen, owner_id)
    if found is not None:
        return found
    first, _ = await archive.bounds()
    if seen + 1 < first:
        return None
    try:
        return await archive.replay(owner_id, seen, position)
    except UnavailableError as error:
        if error.code == TOO_MUCH:
            return None
        raise
