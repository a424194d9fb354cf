"""Shows the queue of a claimed node's engine, with the jobs of the fleet's own attempts."""

from collections.abc import Iterator
from typing import Literal

from contracts.node_queue import FindQueue, NodeQueue, QueuedPrompt
from contracts.values import fitting
from node_agent.domain.health import Health
from node_agent.service import Claim, NodeAgent


async def find_queue(agent: NodeAgent, query: FindQueue) -> NodeQueue:
    """Show the engine as it was last seen, at most two seconds ago."""
    prompts = list(prompts_of(agent.claim_of(query.node_id)))
    return NodeQueue(prompts=fitting(prompts), prompt_count=len(prompts))


def prompts_of(claim: Claim) -> Iterator[QueuedPrompt]:
    health = claim.engine.health()
    own = {str(attempt.id): attempt for attempt in claim.attempts.live.values()}
    for prompt_id, attempt in own.items():
        yield QueuedPrompt(
            prompt_id=prompt_id,
            state=state_of(prompt_id, health),
            job_id=attempt.order.job_id,
            owner_id=attempt.order.owner_id,
            phase=attempt.phase,
        )
    for prompt_id in health.work_ids:
        if prompt_id not in own:
            yield QueuedPrompt(prompt_id=prompt_id, state=state_of(prompt_id, health))


def state_of(prompt_id: str, health: Health) -> Literal["running", "pending", "outside"]:
    if prompt_id in health.running_ids:
        return "running"
    return "pending" if prompt_id in health.work_ids else "outside"
