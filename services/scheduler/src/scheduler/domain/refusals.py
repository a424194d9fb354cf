"""Remembers the values that servers refused, so that each is tried once on servers of one kind.

The classes of custom nodes may check values themselves, which only a trial tells. The gateway names
such doubts with a job; a server's answer settles them for all servers of its description. The
memory is bounded, lasts an hour, because such a class may read its choices from elsewhere, and is
lost with the leader: then the value is tried once more.
"""

from collections.abc import Iterator
from typing import TypeAlias

from contracts.agent import AttemptEnd
from contracts.errors import FieldError, InvalidError
from contracts.scheduler.job_requests import Incompatible
from contracts.values import Unmet
from scheduler.domain.jobs import Job
from scheduler.domain.nodes import Node
from scheduler.domain.requirements import eligible_nodes
from scheduler.domain.startable import kind_of
from scheduler.domain.state import RefusedValue, State

REFUSALS_KEPT = 10_000
REFUSAL_SECONDS = 3_600.0
LONGEST = 200
Doubt: TypeAlias = tuple[RefusedValue, Unmet]


def doubts_of(job: Job) -> Iterator[Doubt]:
    for group in job.request.requirements.doubtful:
        for unmet in group.unmet:
            for digest in group.digests:
                value = (digest, unmet.graph_node_class or "", unmet.input or "", unmet.value or "")
                yield value, unmet


def learn_refusal(state: State, job: Job, node: Node, end: AttemptEnd) -> bool:
    """Note that the engine refused a doubtful value; return whether it did."""
    error, digest = end.error, node.capabilities.digest
    if error is None or end.refused_input is None:
        return False
    place = (digest, error.graph_node, end.refused_input)
    learned = [
        value
        for value, unmet in doubts_of(job)
        if (value[0], unmet.graph_node, unmet.input) == place
    ]
    for value in learned:
        state.refused_values.pop(value, None)
        if len(state.refused_values) >= REFUSALS_KEPT:
            del state.refused_values[next(iter(state.refused_values))]
        state.refused_values[value] = (state.clock.now + REFUSAL_SECONDS, error.message)
    return bool(learned)


def refusals_of(state: State, job: Job) -> dict[str, Unmet]:
    """Return the values of the job that servers refused, by digest, each with the reason."""
    if not state.refused_values:
        return {}
    known = ((value, unmet, state.refused_values.get(value)) for value, unmet in doubts_of(job))
    return {
        value[0]: unmet.model_copy(update={"message": refusal[1][:LONGEST]})
        for value, unmet, refusal in known
        if refusal and refusal[0] > state.clock.now
    }


def keep_from_refusers(state: State, job: Job) -> Unmet | None:
    """Add the servers that refused a value of the job to those that are incompatible with it.

    If only they could run the job, return the refused value, with the reason of one of them.
    """
    refusals = refusals_of(state, job)
    if not refusals:
        return None
    could_run = eligible_nodes(state, kind_of(job))
    required = job.request.requirements
    added = [
        Incompatible(digests=frozenset([digest]), unmet=(unmet,))
        for digest, unmet in refusals.items()
    ]
    update = {"incompatible": (*required.incompatible, *added)}
    changed = required.model_copy(update=update)
    job.request = job.request.model_copy(update={"requirements": changed})
    is_refused = could_run and not eligible_nodes(state, kind_of(job))
    return next(iter(refusals.values())) if is_refused else None


def refuse_refused(state: State, job: Job) -> None:
    """Raise for a job if every server that could run it has refused a value of it."""
    if unmet := keep_from_refusers(state, job):
        path = unmet.field or "workflow"
        found = FieldError(path=path, code="refused_value", message=unmet.message)
        raise InvalidError(f"{path}: {unmet.message}", errors=[found])
