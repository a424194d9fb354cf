"""Ticks of the leader beside its loop: signal the epoch, measure, delete old rows."""

from collections import Counter
from time import monotonic

import structlog

from contracts.scheduler.nodes import NodePhase
from scheduler.domain.views import node_phase
from scheduler.service import Scheduler, Term

log = structlog.get_logger()

LEASE_SECONDS = 2.0


async def announce(scheduler: Scheduler) -> None:
    """Signal that this process leads, as long as the database agrees."""
    term = scheduler.term
    if term and monotonic() - term.renewed_at < LEASE_SECONDS:
        await term.agents.announce()
        measure(scheduler, term)


def measure(scheduler: Scheduler, term: Term) -> None:
    context = scheduler.read_context(term)
    phases = Counter(node_phase(context, node) for node in term.state.nodes.values())
    nodes = {str(phase): phases[phase] for phase in NodePhase}
    scheduler.meter.fleet(term.state.queue_size, len(term.state.attempts), nodes)


async def delete_old_jobs(scheduler: Scheduler) -> None:
    """Delete jobs that ended longer ago than the settings say, then batches without any job."""
    if scheduler.term:
        if deleted := await scheduler.retention.delete_old_jobs():
            log.info("jobs_deleted", jobs=deleted)
        await scheduler.retention.delete_old_batches()


async def delete_old_keys(scheduler: Scheduler) -> None:
    """Delete idempotency keys older than a day."""
    if scheduler.term:
        await scheduler.retention.delete_old_keys()


async def delete_old_usage(scheduler: Scheduler) -> None:
    """Delete sums of usage of days longer ago than the settings say."""
    if scheduler.term:
        await scheduler.retention.delete_old_usage()
