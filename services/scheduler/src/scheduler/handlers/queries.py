"""Answers queries: stored jobs with live values from the state, and nodes from the state."""

from uuid import UUID

from contracts.access import Actor, Permission
from contracts.errors import ForbiddenError, InvalidError
from contracts.scheduler.job_requests import FindJobs, ListJobs
from contracts.scheduler.jobs import JobPage, JobView
from contracts.scheduler.nodes import ListNodes, NodePage
from runtime.cursor import read_cursor, write_cursor
from scheduler.domain.forecast import complete_view, forecast
from scheduler.domain.views import node_view
from scheduler.service import Scheduler, Term

FORECAST_SECONDS = 1.0


async def find_jobs(scheduler: Scheduler, query: FindJobs) -> JobPage:
    term = scheduler.current_term()
    found = await scheduler.job_reader.find(query.job_ids, visible_owner(query.actor))
    return JobPage(items=add_live_values(scheduler, term, found))


async def list_jobs(scheduler: Scheduler, query: ListJobs) -> JobPage:
    term, owner_id = scheduler.current_term(), visible_owner(query.actor)
    if query.owner_id and owner_id and query.owner_id != owner_id:
        raise ForbiddenError(
            f"this needs the permission {Permission.JOBS_READ_ALL}", code="missing_permission"
        )
    if "\0" in f"{query.workflow}{query.label}":
        raise InvalidError("a filter contains the character NUL", code="bad_text")
    after = read_cursor(query.cursor)
    found = await scheduler.job_reader.page(query, query.owner_id or owner_id, after)
    items = add_live_values(scheduler, term, found[: query.limit])
    has_more = len(found) > query.limit
    cursor = write_cursor((items[-1].created_at, items[-1].id)) if has_more else None
    return JobPage(items=items, next_cursor=cursor)


async def list_nodes(scheduler: Scheduler, query: ListNodes) -> NodePage:  # noqa: ARG001
    context = scheduler.read_context(scheduler.current_term())
    return NodePage(items=[node_view(context, node) for node in context.state.nodes.values()])


def visible_owner(actor: Actor) -> UUID | None:
    """Return the owner whose jobs the actor sees; None means every owner."""
    return None if actor.may(Permission.JOBS_READ_ALL) else actor.user_id


def add_live_values(scheduler: Scheduler, term: Term, views: list[JobView]) -> list[JobView]:
    """Add progress, queue position and ETA to jobs; the forecast is at most a second old."""
    context = scheduler.read_context(term)
    if context.now.steady - term.forecast_at >= FORECAST_SECONDS:
        term.forecast = forecast(context.state)
        term.forecast_at = context.now.steady
    return [complete_view(context, view, term.forecast) for view in views]
