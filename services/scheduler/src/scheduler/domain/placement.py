"""Decides which waiting job goes to which free node.

Late binding: a node gets a job only when its slot is free. The scheduler serves higher priorities
first, but one start in so many goes to a lower priority that waits. Within one priority, owners
take turns, each with the oldest job that some free node can run. Filters (`obstacles.py`) say which
nodes may take a job, and scores (`scores.py`) which of them does.
"""

from collections.abc import Iterator
from itertools import islice

from contracts.access import Priority
from contracts.scheduler.jobs import JobStatus
from scheduler.domain.availability import is_free
from scheduler.domain.context import StepContext
from scheduler.domain.holds import OWNER_FILTERS
from scheduler.domain.jobs import Job
from scheduler.domain.lifecycle import place_job
from scheduler.domain.nodes import Node
from scheduler.domain.obstacles import first_obstacle
from scheduler.domain.patience import avoided, doubt, is_patient
from scheduler.domain.requirements import eligible_nodes
from scheduler.domain.scores import best
from scheduler.domain.startable import Kind, Line, Lines, kind_of
from scheduler.domain.state import State

MOST_KINDS = 32
"""Kinds of one owner that a turn looks at; the rest are looked at in the turns after it."""
STARTS_BEFORE = {Priority.BATCH: 10, Priority.BACKGROUND: 30}
"""A priority that waits gets a start after so many starts of higher priorities."""


def place_jobs(context: StepContext) -> None:
    """Give jobs to free nodes until one side runs out."""
    state = context.state
    if state.dispatch.is_paused:  # the filters say so too, and would ask for each owner
        return
    if not state.startable and not any(one.is_pending for one in state.attempts.values()):
        return
    free = [node for node in state.nodes.values() if is_free(context, node)]
    blocked: set[Kind] = set()
    while free and (found := next_match(context, free, blocked)):
        job, node = found
        free.remove(node)
        node.warm_models = job.request.requirements.models
        node.given_at = context.now.steady
        place_job(context, job, node)
        state.startable.end_turn(job.request.priority, job.owner_id)
        count_start(state, job.request.priority)
    move_pending(context, [node for node in free if not node.contact.foreign_prompts])


def move_pending(context: StepContext, idle: list[Node]) -> None:
    """Recall attempts that wait behind foreign prompts while an idle node could run their jobs.

    The job is placed anew when its agent reports that the attempt is out of the engine. An attempt
    that has begun by then stays where it is.
    """
    for attempt in context.state.attempts.values():
        job, node = attempt.job, context.state.nodes[attempt.node_id]
        if not attempt.is_pending or attempt.is_moving or job.status is JobStatus.CANCELING:
            continue
        kind = kind_of(job)
        other = best_node(context, job, kind, idle)
        if other and doubt(kind, other) <= doubt(kind, node):
            idle.remove(other)
            attempt.is_moving = True
            context.effects.recall(node, attempt.id, is_move=True)


def next_match(
    context: StepContext, free: list[Node], blocked: set[Kind]
) -> tuple[Job, Node] | None:
    """Find the next job that a free node can run, with its node; block kinds that none can run."""
    for priority in priorities(context.state):
        for owner_id, lines in context.state.startable.turns(priority).items():
            is_held = first_obstacle(OWNER_FILTERS, context, owner_id)
            if not is_held and (match := owners_match(context, lines, free, blocked)):
                return match
    return None


def priorities(state: State) -> Iterator[Priority]:
    """Yield priorities that were passed over long enough, then all, highest first."""
    for priority, starts in STARTS_BEFORE.items():
        if state.passed_over[priority] >= starts:
            yield priority
    yield from Priority


def count_start(state: State, started: Priority) -> None:
    """Count the start against each lower priority that waits."""
    state.passed_over[started] = 0
    ranks = list(Priority)
    for priority in ranks[ranks.index(started) + 1 :]:
        if state.startable.turns(priority):
            state.passed_over[priority] += 1


def owners_match(
    context: StepContext, lines: Lines, free: list[Node], blocked: set[Kind]
) -> tuple[Job, Node] | None:
    """Find an owner's oldest job that a free node can run, among the first of its kinds.

    Kinds that no free node can run go behind the others: they hold nobody up, and a step costs
    the same however many of them an owner submits. A job that waits for a better node holds up no
    other job of its kind.
    """
    heads = ((kind, head(context, line)) for kind, line in islice(lines.items(), MOST_KINDS))
    for kind, job in sorted(heads, key=lambda head: head[1].created_at):
        if kind not in blocked:
            if node := best_node(context, job, kind, free):
                return job, node
            if not is_patient(context, job):
                blocked.add(kind)
        lines.move_to_end(kind)
    return None


def head(context: StepContext, line: Line) -> Job:
    """Return the oldest job that takes any node, else the oldest that waits for a better one."""
    jobs = iter(line.values())
    first = next(jobs)
    if not is_patient(context, first):
        return first
    return next((job for job in jobs if not is_patient(context, job)), first)


def best_node(context: StepContext, job: Job, kind: Kind, free: list[Node]) -> Node | None:
    """Return the best of the free nodes that may take the job; None if none may."""
    ids = eligible_nodes(context.state, kind)
    if not ids:
        return None
    possible = [node for node in free if node.id in ids]
    if is_patient(context, job):
        possible = [node for node in possible if not avoided(context, job, kind, node)]
    return best(kind, possible)
