"""All that must hold after each step of a simulation, whatever fails."""

from collections import Counter
from collections.abc import Callable
from itertools import islice
from uuid import UUID

from contracts.access import Priority
from contracts.scheduler.claims import AttemptPhase
from contracts.scheduler.jobs import JobStatus
from scheduler.domain.availability import reason_not_free
from scheduler.domain.explanation import objections_to
from scheduler.domain.holds import hold_of
from scheduler.domain.jobs import Attempt, Job
from scheduler.domain.leases import LOST_SECONDS, NOT_STARTED_SECONDS
from scheduler.domain.nodes import Node
from scheduler.domain.requirements import eligible_nodes
from scheduler.domain.startable import kind_of

from .simulated_users import LIMITED, MOST_WAITING, SimulatedUsers
from .simulated_world import GRACE_SECONDS, SimulatedWorld

MOST_EXPLAINED = 3
LASTING: dict[str, Callable[[Node], bool]] = {
    "disabled": lambda row: not row.settings.is_enabled,
    "draining": lambda row: row.settings.is_draining,
    "no_agent": lambda row: row.agent_id is None,
}
"""Maps a reason to a check of the row of the node that it is about."""
EXCUSES = {"held", "avoided", "too_small"}
"""Reasons why a job waits although a node that can run it is free."""
STEP_SECONDS = 1.0
"""The lease clock moves by no more in one step."""


def check(users: SimulatedUsers) -> None:
    """Hold a step to everything that a later step could hide again."""
    world, state = users.world, users.world.state
    live = {attempt.job for attempt in state.attempts.values()}
    assert len(live) == len(state.attempts), "two live attempts of one job"
    placed_by_owner = Counter(attempt.job.owner_id for attempt in state.attempts.values())
    assert placed_by_owner == state.placed_by_owner
    is_held = users.most_running is None or placed_by_owner[LIMITED] <= users.most_running
    assert is_held, "more of an owner's jobs run than may"
    for node in state.nodes.values():
        check_node(world, node)
    if len(state.jobs) > len(state.attempts) and world.leader.has_led:
        check_reasons(world)


def check_books(users: SimulatedUsers) -> None:
    """Hold the leader's books to each other and to the database. An error in them stays."""
    world, state = users.world, users.world.state
    unfinished = world.unfinished()
    assert len(state.jobs) + len(state.unread) == len(unfinished), "a job twice, or none"
    forgotten = (i for i in unfinished if i not in state.jobs and i not in state.unread)
    assert not any(forgotten), "a leader forgot an unfinished job"
    waiting = [job for job in state.jobs.values() if job.needs_node]
    assert len(state.attempts) == len(state.jobs) - len(waiting), "a running job without an attempt"
    assert Counter(job.owner_id for job in waiting) == state.queued_by_owner
    batch_ids = (job.request.batch_id for job in state.jobs.values())
    assert Counter(filter(None, batch_ids)) == state.unfinished_of_batch
    assert len(state.startable) == sum(job.not_before is None for job in waiting)
    for priority in Priority:
        lines = (
            line for lines in state.startable.turns(priority).values() for line in lines.values()
        )
        assert all(job.request.priority is priority for line in lines for job in line.values())
    check_limits(world)
    if world.leader.has_led:
        check_explanations(world)
    users.check_batches()


def check_node(world: SimulatedWorld, node: Node) -> None:
    holding, now = 0, world.state.clock.now
    for attempt in node.attempts.values():
        holding += surely_holds_slot(attempt)
        assert has_models_for(world, node, attempt.job), "a job is where its model is not"
        heard_seconds = node.contact.heard_at - attempt.asked_at
        is_answered = attempt.confirmed_at is not None
        assert is_answered or heard_seconds <= NOT_STARTED_SECONDS, "an order without an answer"
        silent_seconds = now - max(node.contact.heard_at, attempt.asked_at)
        assert silent_seconds <= GRACE_SECONDS + STEP_SECONDS, "nobody gives the attempt up"
    assert holding <= 1, "a node above its slot"


def surely_holds_slot(attempt: Attempt) -> bool:
    """Say whether we know of it: an inherited attempt may be uploading already."""
    is_found = attempt.phase not in (None, AttemptPhase.ADOPTING)
    return attempt.holds_slot and (is_found or not attempt.is_inherited)


def has_models_for(world: SimulatedWorld, node: Node, job: Job) -> bool:
    return job.request.requirements.models <= set(world.engines[node.id].capabilities.models)


def check_limits(world: SimulatedWorld) -> None:
    """No owner has more jobs waiting for their first attempt than may wait."""
    rows, tried = world.ledger.jobs.values(), world.ledger.attempts_of
    new = (row for row in rows if row.status is JobStatus.QUEUED and row.id not in tried)
    assert all(count <= MOST_WAITING for count in Counter(row.owner_id for row in new).values())


def check_explanations(world: SimulatedWorld) -> None:
    """Hold the reason that is told for each node against the facts."""
    context, nodes = world.leader.read_context(), world.ledger.nodes
    waiting = (job for job in world.state.jobs.values() if job.needs_node)
    for job in islice(waiting, MOST_EXPLAINED):
        told = objections_to(context, job, hold_of(context, job), world.state.nodes.values())
        for node, obstacle in told:
            row, lacks = nodes[node.id], not has_models_for(world, node, job)
            assert (obstacle.code == "missing") == (lacks and bool(node.capabilities.digest))
            if obstacle.code in LASTING:
                assert LASTING[obstacle.code](row), f"{obstacle.code} is told of {row}"


def check_reasons(world: SimulatedWorld) -> None:
    """Hold each waiting job against the free nodes: its explanation says why it is on none."""
    context = world.leader.read_context()
    free = {n.id for n in world.state.nodes.values() if reason_not_free(context, n) is None}
    if not free:
        return
    for job in world.state.jobs.values():
        if job.needs_node and (could := eligible_nodes(world.state, kind_of(job)) & free):
            nodes = [world.state.nodes[node_id] for node_id in could]
            told = objections_to(context, job, hold_of(context, job), nodes)
            codes = {obstacle.code for _, obstacle in told}
            assert codes <= EXCUSES, "it waits for nothing"


def check_claims(world: SimulatedWorld, before: dict[UUID, Node]) -> None:
    """Hold each new claim against the one before: a living agent keeps its node.

    Only an operator takes it away, with new settings, or by disabling the node. The lease clock,
    which moves in steps, may be ahead of the true time by one.
    """
    for node in world.ledger.nodes.values():
        last = before.get(node.id)
        if node.claim > (last.claim if last else 0):
            held_seconds = world.steady - world.claimed_at.get(node.id, float("-inf"))
            world.claimed_at[node.id] = world.steady
            if last is None or is_free(last, node):
                continue
            assert node.claim == last.claim + 1, "two claims at once"
            assert held_seconds > LOST_SECONDS - STEP_SECONDS, (
                "a node was taken from an agent at once"
            )


def is_free(last: Node, node: Node) -> bool:
    is_given_up = last.agent_id is None or not last.settings.is_enabled
    return is_given_up or last.settings != node.settings
