"""Workflows by reference."""

from gateway.domain.versions import Version, hash_of, parse_reference
from gateway.ports import Workflows


async def resolve(workflows: Workflows, reference: str) -> Version:
    """The version that `name` or `name@version` means now. Raises Invalid, NotFound."""
    name, number = parse_reference(reference)
    return await workflows.version(hash_of(workflows.name(name), name, number))
