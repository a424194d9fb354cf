"""What a beat tells: the node lives, how far its attempts are, and which ones it does not have.

An agent lists an attempt from its acceptance until its end was reported and answered. So one
that it should know and leaves out of two beats in a row is lost; one that it lists though it
is over for us is recalled.
"""

from contracts.agent import Cause
from contracts.scheduler.jobs import JobStatus
from contracts.scheduler.node_facts import NodeJoined
from contracts.scheduler.nodes import AttemptPhase, BeatAttempt, NodeBeat
from scheduler.domain.facts import show_node, tell_node
from scheduler.domain.health import part_doubles, pass_trial, quarantine
from scheduler.domain.jobs import Attempt
from scheduler.domain.nodes import Node, Standing
from scheduler.domain.outcomes import fail_attempt, recall
from scheduler.domain.turn import Turn

PHASES = list(AttemptPhase)
BEATS_TO_BELIEVE = 2
OLD_BEAT_SECONDS = 1.0
"""A beat may have been sent before the answer that overtook it."""


def hear(turn: Turn, beat: NodeBeat) -> None:
    """Take in one beat; those of an older claim are ignored."""
    node = turn.state.nodes.get(beat.node_id)
    if node is None or beat.claim != node.claim or node.agent_id is None:
        return
    turn.state.clock.hear(turn.now.steady)
    contact = node.contact
    contact.heard_at = turn.state.clock.now
    contact.beat_at = turn.now.wall
    contact.is_reachable = beat.is_reachable
    if beat.is_reachable:
        contact.reached_at = contact.heard_at
    contact.reason = beat.reason
    contact.foreign_prompts = beat.foreign_prompts
    contact.vram_free_mb = beat.vram_free_mb
    compare(turn, node, beat)
    join(turn, node)
    if beat.is_dead:
        quarantine(turn, node, beat.reason or "ComfyUI answers but runs nothing")
    if beat.passed_trial:
        pass_trial(turn, node, beat.passed_trial)
    if beat.other_node_id:
        part_doubles(turn, node, beat.other_node_id)


def join(turn: Turn, node: Node) -> None:
    """Count a node in, for the first time or again, once it can take jobs."""
    if node.standing is Standing.JOINED or not node.abilities.digest:
        return
    node.standing = Standing.JOINED
    tell_node(turn, node, NodeJoined)
    show_node(turn, node)


def compare(turn: Turn, node: Node, beat: NodeBeat) -> None:
    """Set what the node says it has against what we gave it."""
    listed = {item.attempt_id: item for item in beat.attempts}
    for attempt in list(node.attempts.values()):
        if item := listed.pop(attempt.id, None):
            follow(turn, attempt, item)
        else:
            miss(turn, attempt)
    node.contact.strangers = frozenset()
    for attempt_id, item in listed.items():
        if item.phase is not AttemptPhase.REPORTING:
            recall(turn, node, attempt_id)


def follow(turn: Turn, attempt: Attempt, item: BeatAttempt) -> None:
    """Take over what the node says, unless the beat is older than what we know."""
    if attempt.phase is not None and PHASES.index(item.phase) < PHASES.index(attempt.phase):
        return
    attempt.phase, attempt.progress, attempt.omitted = item.phase, item.progress, 0
    if attempt.job.status is not JobStatus.CANCELING:
        attempt.answered_at = attempt.answered_at or turn.now.steady


def miss(turn: Turn, attempt: Attempt) -> None:
    """The beat leaves the attempt out."""
    since = attempt.answered_at
    if since is None or turn.now.steady - since < OLD_BEAT_SECONDS:
        return
    attempt.omitted += 1
    if attempt.omitted >= BEATS_TO_BELIEVE:
        cause = Cause.LOST if attempt.has_started else Cause.UNREACHABLE
        fail_attempt(turn, attempt, cause, None)
