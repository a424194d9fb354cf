"""Which nodes an agent should have in hand."""

from uuid import UUID

from contracts.scheduler.nodes import NodeSpec


def is_wanted(spec: NodeSpec, pool: str) -> bool:
    return spec.is_enabled and spec.pool == pool


def may_claim(spec: NodeSpec, agent_id: UUID, pool: str) -> bool:
    return is_wanted(spec, pool) and (spec.is_claimable or spec.agent_id == agent_id)


def is_taken_away(spec: NodeSpec, agent_id: UUID, claim: int) -> bool:
    """Whether the newest claim is another agent's."""
    return spec.claim > claim and spec.agent_id != agent_id
