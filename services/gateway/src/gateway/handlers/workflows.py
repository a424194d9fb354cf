"""Workflows by reference."""

from gateway.domain.versions import Version, hash_of, hash_to_run, parse_reference
from gateway.ports import Workflows


async def resolve(workflows: Workflows, reference: str) -> Version:
    """The version that `name` or `name@version` means for a job. Raises Invalid, NotFound."""
    name, number = parse_reference(reference)
    return await workflows.version(hash_to_run(workflows.name(name), name, number))


async def look_up(workflows: Workflows, reference: str) -> Version:
    """The same for reading, which goes on when the workflow is deleted or switched off."""
    name, number = parse_reference(reference)
    return await workflows.version(hash_of(workflows.name(name), name, number))
