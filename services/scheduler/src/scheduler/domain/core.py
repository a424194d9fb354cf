"""The core: `step(state, occurrences, loaded, now, new_id) -> Effects`.

Nothing here awaits, reads a clock, draws at random or logs: the shell supplies all of that and
carries the effects out, so any history can be replayed. The state is changed in place; if the
effects cannot be committed, the state must be thrown away.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any
from uuid import UUID

from contracts.agent import FinishAttempt
from contracts.errors import OperationError
from contracts.message import Command
from contracts.scheduler.batches import MOST_ITEMS, CancelBatch, SubmitBatch, job_ids
from contracts.scheduler.claims import AnnounceNode, ClaimNode, NodeBeat, ReportCapabilities
from contracts.scheduler.dispatch import PauseDispatch, ResumeDispatch
from contracts.scheduler.job_changes import DeleteJob, UpdateJob
from contracts.scheduler.job_requests import CancelJob, SubmitJob
from contracts.scheduler.jobs import JobStatus
from contracts.scheduler.node_requests import AddNode, ChangeNode, DrainNode, RemoveNode, ResumeNode
from contracts.scheduler.nodes import NodeEntry
from scheduler.domain import (
    announcements,
    batches,
    claims,
    dispatch,
    fleet,
    job_changes,
    node_changes,
    orders,
    outcomes,
    submission,
)
from scheduler.domain.beats import take_beat
from scheduler.domain.context import LoadedRows, Now, StepContext
from scheduler.domain.effects import Answer, Effects, KeyName
from scheduler.domain.expiry import expire_overdue, pass_time
from scheduler.domain.idempotency import Creation, Removable, key_name, removal_name
from scheduler.domain.node_entries import node_entry
from scheduler.domain.occurrences import (
    ClockTicked,
    Occurrence,
    OrderAnswered,
    RecallAnswered,
    Requested,
)
from scheduler.domain.placement import place_jobs
from scheduler.domain.state import State


@dataclass(frozen=True, slots=True)
class Rule:
    """Decides one kind of command."""

    decide: Callable[[StepContext, Any], Answer]
    job_ids: Callable[[Any], Iterable[UUID]] | None = None
    """Reads the ids of the jobs that the command names: they may be over already."""
    batch_id: Callable[[Any], UUID] | None = None
    """Reads the id of the batch that the command names."""


def the_job(command: CancelJob | UpdateJob | DeleteJob) -> Iterable[UUID]:
    return (command.job_id,)


RULES: Mapping[type[Command[Any]], Rule] = {
    SubmitJob: Rule(submission.submit_job, submission.named_jobs),
    CancelJob: Rule(submission.cancel_job, the_job),
    UpdateJob: Rule(job_changes.update_job, the_job),
    DeleteJob: Rule(job_changes.delete_job, the_job),
    SubmitBatch: Rule(batches.submit_batch, batch_id=attrgetter("batch_id")),
    CancelBatch: Rule(batches.cancel_batch, batch_id=attrgetter("batch_id")),
    FinishAttempt: Rule(outcomes.finish_attempt),
    AnnounceNode: Rule(announcements.announce_node),
    ClaimNode: Rule(claims.claim_node),
    ReportCapabilities: Rule(claims.report_capabilities),
    AddNode: Rule(fleet.add_node),
    ChangeNode: Rule(node_changes.change_node),
    DrainNode: Rule(node_changes.drain_node),
    ResumeNode: Rule(node_changes.resume_node),
    RemoveNode: Rule(fleet.remove_node),
    PauseDispatch: Rule(dispatch.pause_dispatch),
    ResumeDispatch: Rule(dispatch.resume_dispatch),
}
"""Every command that the scheduler answers. The loop, the bus and the look-ups follow it."""


def step(
    state: State,
    occurrences: Iterable[Occurrence],
    loaded: LoadedRows,
    now: Now,
    new_id: Callable[[], UUID],
) -> Effects:
    """Take all occurrences in order, then give jobs that wait to free nodes.

    While more jobs are late than one step ends, none starts: it might be one of them.
    """
    context = StepContext(state, loaded, now, new_id)
    take_in_waiting(state, loaded)
    for item in occurrences:
        take(context, item)
    expire_overdue(context)
    if not state.has_late_jobs:
        place_jobs(context)
    return context.effects


def take_in_waiting(state: State, loaded: LoadedRows) -> None:
    """Let loaded jobs wait that are queued in the table but not in the state.

    Their rows had not been read yet, or could not be read when the term began, and have been
    repaired since. New jobs may have come meanwhile, so the last of the queue is sorted in.
    """
    had_unread = bool(state.unread)
    state.unread.discard([*loaded.waiting, *loaded.jobs])
    for job in loaded.jobs.values():
        if job.needs_node and job.id not in state.jobs:
            state.add_job(job)
    if had_unread and not state.unread:
        state.startable.sort()


def take(context: StepContext, item: Occurrence) -> None:
    match item:
        case Requested():
            context.effects.answers.append((item.token, answer(context, item)))
        case NodeBeat():
            take_beat(context, item)
        case OrderAnswered():
            orders.take_order_answer(context, item)
        case RecallAnswered():
            orders.take_recall_answer(context, item.attempt_id)
        case ClockTicked():
            pass_time(context, item)


def answer(context: StepContext, requested: Requested) -> Answer:
    """Decide a command; a refused command has changed nothing."""
    context.trace = requested.trace
    try:
        return RULES[type(requested.command)].decide(context, requested.command)
    except OperationError as error:
        return error


def names_in(
    state: State, occurrences: Iterable[Occurrence]
) -> tuple[list[UUID], list[KeyName], list[UUID]]:
    """Return the jobs, idempotency keys and batches to look up before a step.

    They are what commands name and only rows may know.
    """
    jobs, keys, named_batches = list[UUID](), list[KeyName](), list[UUID]()
    for item in occurrences:
        if not isinstance(item, Requested):
            continue
        rule = RULES[type(item.command)]
        if rule.job_ids:
            jobs += [id_ for id_ in rule.job_ids(item.command) if id_ not in state.jobs]
        if rule.batch_id:
            batch_id = rule.batch_id(item.command)
            named_batches.append(batch_id)
            if state.unread:
                jobs += [id_ for id_ in job_ids(batch_id, MOST_ITEMS) if id_ in state.unread]
        if isinstance(item.command, Creation) and item.command.idempotency:
            keys.append(key_name(item.command, item.command.idempotency))
        if isinstance(item.command, Removable):
            keys.append(removal_name(item.command))
    return jobs, keys, named_batches


def resume(state: State, effects: Effects) -> None:
    """Repeat, as a new leader, the order or the recall of every live attempt."""
    for attempt in state.attempts.values():
        if attempt.job.status is JobStatus.CANCELING:
            effects.recall(state.nodes[attempt.node_id], attempt.id)
        else:
            effects.orders.append(attempt)


def republish(state: State, effects: Effects, published: Mapping[UUID, NodeEntry]) -> None:
    """Make bucket `nodes` equal to the state; `published` is what the bucket holds.

    Entries of nodes whose rows cannot be read stay as they are.
    """
    for node in state.nodes.values():
        entry = node_entry(node, state.secret)
        if node.is_readable and published.get(node.id) != entry:
            effects.node_entries.setdefault(node.id, entry)
    for node_id in published.keys() - state.nodes.keys():
        effects.node_entries.setdefault(node_id, None)
