"""Workflows by reference."""

from contracts.access import Actor, Permission
from gateway.domain.versions import Version, hash_of, hash_to_run, parse_reference
from gateway.ports import Workflows


async def resolve(workflows: Workflows, reference: str, actor: Actor) -> Version:
    """The version that `name` or `name@version` means for a job of this person.

    Raises Invalid, NotFound, Forbidden.
    """
    name, number = parse_reference(reference)
    may_edit = actor.may(Permission.WORKFLOWS_WRITE)
    return await workflows.version(
        hash_to_run(workflows.name(name), name, number, may_edit=may_edit)
    )


async def look_up(workflows: Workflows, reference: str) -> Version:
    """The same for reading, which goes on when the workflow is deleted or switched off."""
    name, number = parse_reference(reference)
    return await workflows.version(hash_of(workflows.name(name), name, number))
