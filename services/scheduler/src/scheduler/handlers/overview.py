"""Answers the overview of the fleet: nodes from the state, unfinished jobs from their rows."""

from collections import Counter

from contracts.access import Permission
from contracts.scheduler.dispatch import FindOverview, OverviewView
from scheduler.domain.dispatch import dispatch_view
from scheduler.domain.views import node_phase
from scheduler.service import Scheduler


async def find_overview(scheduler: Scheduler, query: FindOverview) -> OverviewView:
    """Count in the database: the leader may know of waiting jobs no more than their ids."""
    context = scheduler.read_context(scheduler.current_term())
    may_see_owners = query.actor.may(Permission.JOBS_READ_ALL)
    counts = await scheduler.overview_reader.job_counts()
    waited = (context.now.wall - counts.oldest_at).total_seconds() if counts.oldest_at else None
    return OverviewView(
        dispatch=dispatch_view(context.state.dispatch),
        node_count_by_phase=Counter(
            node_phase(context, node) for node in context.state.nodes.values()
        ),
        waiting_job_count_by_priority=counts.waiting,
        running_job_count_by_priority=counts.running,
        oldest_wait_seconds=waited if waited is None else max(0.0, waited),
        owners=await scheduler.overview_reader.busiest_owners() if may_see_owners else [],
    )
