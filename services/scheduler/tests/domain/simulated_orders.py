"""Carries orders, recalls and the leader's signal to agents in simulations, and back."""

from functools import partial
from uuid import UUID

from contracts.agent import Cause
from contracts.errors import ConflictError, OperationError
from scheduler.domain.effects import Recall
from scheduler.domain.leases import NOT_STARTED_SECONDS
from scheduler.domain.occurrences import OrderAnswered, RecallAnswered

from .simulated_agent import SimulatedAgent
from .simulated_leader import SimulatedLeader
from .simulated_world import LATEST_SECONDS, SimulatedWorld

MOST_LATE_SECONDS = LATEST_SECONDS + 1.0
SIGNAL_CHANCE = 0.25
"""Of a signal to one agent in one step."""


def tell_agents(world: SimulatedWorld) -> None:
    """Show agents the bucket, and repeat orders and recalls that were not answered."""
    for agent in world.agents:
        if (entry := world.ledger.bucket.get(agent.node_id)) and world.random.random() < 0.5:
            agent.receive(partial(agent.see, entry))
    for leader in world.leaders:
        announce(world, leader)
        for attempt_id, claim in list(leader.orders.items()):
            for agent in told(world, world.ledger.attempts[attempt_id].node_id):
                deliver = partial(deliver_order, world, leader, attempt_id, claim, agent)
                world.send(partial(agent.receive, deliver))
        for recall in list(leader.recalls.values()):
            for agent in told(world, recall.node_id):
                deliver = partial(deliver_recall, world, leader, recall, agent)
                world.send(partial(agent.receive, deliver))


def announce(world: SimulatedWorld, leader: SimulatedLeader) -> None:
    for agent in world.agents:
        if agent.is_alive and world.random.random() < SIGNAL_CHANCE:
            world.send(partial(agent.receive, partial(hear, world, leader.epoch, agent)))


def hear(world: SimulatedWorld, epoch: int, agent: SimulatedAgent) -> None:
    agent.leadership.hear(epoch, world.steady)


def told(world: SimulatedWorld, node_id: UUID) -> list[SimulatedAgent]:
    """Draw which agents of the node are told now; one of them may have lost it unknowingly."""
    return [
        agent
        for agent in world.agents
        if agent.node_id == node_id and agent.claim and world.random.random() < 0.5
    ]


def deliver_order(
    world: SimulatedWorld,
    leader: SimulatedLeader,
    attempt_id: UUID,
    claim: int,
    agent: SimulatedAgent,
) -> None:
    is_deaf = world.deaf_until.get(agent.node_id, 0) > world.steady
    is_given_up = agent.node_id in world.deaf_until and attempt_id not in leader.orders
    if not agent.claim or is_deaf or is_given_up:
        return
    refusal = refusal_of(agent, leader.epoch, claim)
    if refusal is None:
        is_new = attempt_id not in agent.known
        refusal = agent.take_order(attempt_id, 0.15 if world.is_faulty else 0.0)
        note_late_order(world, attempt_id)
        if is_new:
            check_taken(world, attempt_id, agent)
    world.send(partial(answer_order, leader, attempt_id, claim, refusal))


def refusal_of(agent: SimulatedAgent, epoch: int, claim: int) -> OperationError | None:
    if claim != agent.claim:
        return ConflictError("another claim", code="stale_claim")
    return agent.leadership.refusal(epoch)


def note_late_order(world: SimulatedWorld, attempt_id: UUID) -> None:
    """Expect a repetition if the answer is still under way when the scheduler gives up."""
    attempt = world.state.attempts.get(attempt_id)
    waited = world.state.clock.now - attempt.asked_at if attempt else 0.0
    if waited > NOT_STARTED_SECONDS - LATEST_SECONDS:
        world.late_posts.add(attempt_id)


def check_taken(world: SimulatedWorld, attempt_id: UUID, agent: SimulatedAgent) -> None:
    """An agent that stood still takes no order that queued meanwhile."""
    row = world.ledger.attempts[attempt_id]
    is_given_up = row.ended_at is not None and row.cause is Cause.UNREACHABLE
    if is_given_up and attempt_id in agent.known and attempt_id not in agent.ends:
        late_seconds = world.steady - world.ended_at[attempt_id]
        assert late_seconds <= MOST_LATE_SECONDS, "an order is taken long after it was given up"


def answer_order(
    leader: SimulatedLeader, attempt_id: UUID, claim: int, refusal: OperationError | None
) -> None:
    if leader.orders.get(attempt_id) == claim:
        del leader.orders[attempt_id]
        leader.inbox.append(OrderAnswered(attempt_id, claim, refusal))


def deliver_recall(
    world: SimulatedWorld, leader: SimulatedLeader, recall: Recall, agent: SimulatedAgent
) -> None:
    if agent.claim and refusal_of(agent, leader.epoch, recall.claim) is None:
        agent.take_recall(recall.attempt_id, is_move=recall.is_move)
        world.send(partial(answer_recall, leader, recall.attempt_id))


def answer_recall(leader: SimulatedLeader, attempt_id: UUID) -> None:
    if leader.recalls.pop(attempt_id, None):
        leader.inbox.append(RecallAnswered(attempt_id))
