"""Takes the beats of nodes: how far their attempts are, and which attempts they do not have.

An agent lists an attempt from its acceptance until the report of its end is answered. An attempt
that the node knew and leaves out of two beats in a row is lost. An attempt that is over for the
scheduler and that the node still lists is recalled.
"""

from contracts.agent import Cause
from contracts.scheduler.claims import AttemptPhase, BeatAttempt, NodeBeat
from contracts.scheduler.jobs import JobStatus
from contracts.scheduler.node_events import NodeJoined
from scheduler.domain.context import StepContext
from scheduler.domain.events import add_node_event
from scheduler.domain.health import pass_trial, quarantine, quarantine_duplicate
from scheduler.domain.jobs import Attempt
from scheduler.domain.lifecycle import start_job, wait_on_node
from scheduler.domain.nodes import ClaimStatus, Node
from scheduler.domain.outcomes import block_and_recall, fail_attempt
from scheduler.domain.usage import take_seconds

PHASES = list(AttemptPhase)
BEATS_TO_BELIEVE = 2
OLD_BEAT_SECONDS = 2.0
"""A beat may have been sent before the answer that overtook it; the lease clock counts no seconds
in which the leader stood still and beats queued."""


def take_beat(context: StepContext, beat: NodeBeat) -> None:
    """Take one beat; beats of an older claim are ignored."""
    node = context.state.nodes.get(beat.node_id)
    if node is None or beat.claim != node.claim or node.agent_id is None:
        return
    context.state.clock.note_beat(context.now.steady)
    contact = node.contact
    contact.heard_at = context.state.clock.now
    contact.beat_at = context.now.wall
    contact.is_reachable = beat.is_reachable
    if beat.is_reachable:
        contact.reached_at = contact.heard_at
    contact.is_paused = beat.is_paused
    contact.reason = beat.reason
    contact.foreign_prompts = beat.foreign_prompts
    contact.leftover_prompts = beat.leftover_prompts
    contact.vram_free_mb = beat.vram_free_mb
    contact.busy_fraction = beat.busy_fraction
    contact.gpu_load = beat.gpu_load
    compare_attempts(context, node, beat)
    if node.is_readable and node.claim == beat.claim:  # else it was let go
        judge(context, node, beat)


def judge(context: StepContext, node: Node, beat: NodeBeat) -> None:
    """Decide from the beat whether the node can take jobs."""
    join(context, node)
    if beat.is_dead:
        quarantine(context, node, beat.reason or "the engine answers but executes nothing")
    if beat.passed_trial:
        pass_trial(context, node, beat.passed_trial)
        join(context, node)
    if beat.other_node_id:
        quarantine_duplicate(context, node, beat.other_node_id)


def join(context: StepContext, node: Node) -> None:
    """Add the event that the node has joined, first or again, once it can take jobs."""
    is_unknown = node.health.is_untried or not node.capabilities.digest
    if node.claim_status is ClaimStatus.JOINED or is_unknown or node.contact.is_paused:
        return
    node.claim_status = ClaimStatus.JOINED
    add_node_event(context, node, NodeJoined)


def compare_attempts(context: StepContext, node: Node, beat: NodeBeat) -> None:
    """Compare the attempts that the node lists with the attempts that it was given."""
    listed = {item.attempt_id: item for item in beat.attempts}
    for attempt in list(node.attempts.values()):
        if item := listed.pop(attempt.id, None):
            if beat.is_reachable:
                take_seconds(attempt, item.executed_seconds)
            follow(context, node, attempt, item)
        else:
            count_omission(context, attempt)
    node.contact.recalled = frozenset()
    for attempt_id, item in listed.items():
        if item.phase is not AttemptPhase.REPORTING:
            block_and_recall(context, node, attempt_id)


def follow(context: StepContext, node: Node, attempt: Attempt, item: BeatAttempt) -> None:
    """Take phase and progress from the beat, unless the known phase is later."""
    attempt.omitted, attempt.is_pending = 0, item.is_pending
    if attempt.is_moving and not item.is_pending:
        # it has begun, or is out of the engine, which its agent will report
        attempt.is_moving = False
        context.effects.stop_repeating.append(attempt.id)
    if attempt.job.status is not JobStatus.CANCELING:
        attempt.confirmed_at = attempt.confirmed_at or context.state.clock.now
    elif attempt.confirmed_at is None and item.phase is not AttemptPhase.REPORTING:
        attempt.asked_at = context.state.clock.now
        context.effects.recall(node, attempt.id)
    if attempt.phase is None or PHASES.index(item.phase) >= PHASES.index(attempt.phase):
        attempt.phase, attempt.progress = item.phase, item.progress
        follow_status(context, attempt, item)


def follow_status(context: StepContext, attempt: Attempt, item: BeatAttempt) -> None:
    """Count the job as running or queued, as its engine has begun with it or not."""
    status, is_executed = attempt.job.status, item.phase is AttemptPhase.UPLOADING
    if status is JobStatus.RUNNING and item.is_pending:
        wait_on_node(context, attempt.job)
    elif status is JobStatus.QUEUED and (item.has_begun or is_executed):
        start_job(context, attempt)


def count_omission(context: StepContext, attempt: Attempt) -> None:
    """Count a beat that leaves the attempt out, if its node must know the attempt."""
    since = attempt.confirmed_at
    if since is None or context.state.clock.now - since < OLD_BEAT_SECONDS:
        return
    attempt.omitted += 1
    if attempt.omitted >= BEATS_TO_BELIEVE:
        fail_attempt(context, attempt, Cause.LOST, None)
