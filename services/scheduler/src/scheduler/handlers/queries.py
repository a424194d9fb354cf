"""Answers queries about jobs: stored ones, with live values from the state."""

from uuid import UUID

from contracts.access import Actor, Permission
from contracts.errors import ForbiddenError, InvalidError, NotFoundError
from contracts.scheduler.explanations import ExplainJob, JobExplanation
from contracts.scheduler.job_requests import (
    FindJobs,
    FindSubmitted,
    FindWork,
    ListJobs,
    ListNeededGraphs,
    NeededGraphs,
    WorkView,
)
from contracts.scheduler.jobs import JobList, JobPage, JobView
from contracts.values import fitting
from runtime.cursor import PLACE, Cursors
from scheduler.domain.explanation import explain, explain_stored
from scheduler.domain.forecast import complete_view, forecast
from scheduler.domain.views import summary
from scheduler.service import Scheduler, Term

CURSORS = Cursors("jobs", PLACE)
FORECAST_SECONDS = 1.0
SUBMIT = "submit_job"
"""The operation of the keys, as `domain.idempotency` names it."""
MOST_HASHES = 10_000
"""Hashes on a page: 670 kB."""
MOST_READ = 20
"""Jobs read at one time for an answer that may have no room for the others."""


async def find_jobs(scheduler: Scheduler, query: FindJobs) -> JobList:
    """Read a few jobs at a time, until the answer is full: their inputs can be large."""
    term, owner_id = scheduler.current_term(), visible_owner(query.actor)
    found, left = list[JobView](), query.job_ids
    while left:
        read = await scheduler.job_reader.find(left[:MOST_READ], owner_id)
        left = left[MOST_READ:]
        answered = fitting([*found, *add_live_values(scheduler, term, read)])
        unanswered = [view.id for view in read[len(answered) - len(found) :]]
        if unanswered:
            return JobList(items=answered, left=unanswered + left)
        found = answered
    return JobList(items=found)


async def find_submitted(scheduler: Scheduler, query: FindSubmitted) -> JobList:
    """Return the job of the key, so that a replay needs none of the checks of a new job."""
    term, key, owner_id = scheduler.current_term(), query.idempotency, query.actor.user_id
    use = await scheduler.job_reader.key_use((owner_id, SUBMIT, key.key))
    if use is None:
        return JobList(items=[])
    key.refuse_other_body(use.body_digest)
    found = await scheduler.job_reader.find([use.created_id], owner_id)
    return JobList(items=add_live_values(scheduler, term, found))


async def list_jobs(scheduler: Scheduler, query: ListJobs) -> JobPage:
    term, owner_id = scheduler.current_term(), owner_to_show(query.actor, query.owner_id)
    if "\0" in f"{query.workflow}{query.label}":
        raise InvalidError("a filter contains the character NUL", code="bad_text")
    after = CURSORS.read(query.cursor)
    found, end = await scheduler.job_reader.page(query, owner_id, after)
    views = add_live_values(scheduler, term, found)
    items = fitting(summary(view) for view in views)
    if len(items) < len(found):
        end = items[-1].created_at, items[-1].id
    return JobPage(items=items, next_cursor=CURSORS.write(end) if end else None)


async def list_needed_graphs(scheduler: Scheduler, query: ListNeededGraphs) -> NeededGraphs:
    """Read the rows, for the state may not hold each job that waits."""
    found = await scheduler.job_reader.needed_graphs(query.cursor or "", MOST_HASHES)
    is_full = len(found) == MOST_HASHES
    return NeededGraphs(hashes=found, next_cursor=found[-1] if is_full else None)


async def find_work(scheduler: Scheduler, query: FindWork) -> WorkView:
    """Count by the state, as the limits do."""
    state, owner_id = scheduler.current_term().state, query.actor.user_id
    return WorkView(
        waiting_job_count=state.waiting_of(owner_id),
        running_job_count=state.placed_by_owner[owner_id],
    )


async def explain_job(scheduler: Scheduler, query: ExplainJob) -> JobExplanation:
    """Explain an unfinished job from the state, any other from its row."""
    term, owner_id = scheduler.current_term(), visible_owner(query.actor)
    job = term.state.jobs.get(query.job_id)
    if job and owner_id in (None, job.owner_id):
        return explain(scheduler.read_context(term), job, query)
    found = await scheduler.job_reader.find([query.job_id], owner_id)
    if not found:
        raise NotFoundError("there is no such job")
    return explain_stored(term.state, found[0])


def visible_owner(actor: Actor) -> UUID | None:
    """Return the owner whose jobs the actor sees; None means every owner."""
    return None if actor.may(Permission.JOBS_READ_ALL) else actor.user_id


def owner_to_show(actor: Actor, wanted: UUID | None) -> UUID | None:
    """Return the owner whose things are wanted and visible; None means every owner."""
    visible = visible_owner(actor)
    if wanted and visible and wanted != visible:
        raise ForbiddenError(
            f"this needs the permission {Permission.JOBS_READ_ALL}", code="missing_permission"
        )
    return wanted or visible


def add_live_values(scheduler: Scheduler, term: Term, views: list[JobView]) -> list[JobView]:
    """Add progress, queue position and ETA to jobs; the forecast is at most a second old."""
    context = scheduler.read_context(term)
    if context.now.steady - term.forecast_at >= FORECAST_SECONDS:
        term.forecast = forecast(context.state)
        term.forecast_at = context.now.steady
    return [complete_view(context, view, term.forecast) for view in views]
