"""Answer those who only look: from the archive, completed by what the leader's desk knows."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from contracts.access import Actor, Permission
from contracts.errors import FieldError, ForbiddenError, InvalidError
from contracts.scheduler.job_requests import FindJobs, ListJobs
from contracts.scheduler.jobs import JobPage, JobView
from contracts.scheduler.nodes import ListNodes, NodeList
from scheduler.domain.forecast import Forecast, complete_view, forecast
from scheduler.domain.views import node_view
from scheduler.handlers.desk import Desk
from scheduler.ports import Archive, Place

FORECAST_SECONDS = 1.0


@dataclass(slots=True)
class Window:
    """What may be seen of the desk: a forecast at most a second old."""

    desk: Desk
    _forecast: Forecast = field(default_factory=Forecast)
    _made_at: float | None = None

    def complete(self, views: list[JobView]) -> list[JobView]:
        turn = self.desk.look()
        steady = turn.now.steady
        if self._made_at is None or steady - self._made_at >= FORECAST_SECONDS:
            self._forecast, self._made_at = forecast(turn.state, turn.now.wall), steady
        return [complete_view(turn, view, self._forecast) for view in views]


async def find_jobs(archive: Archive, window: Window, request: FindJobs) -> JobPage:
    found = await archive.find(request.job_ids, visible_owner(request.actor))
    return JobPage(items=window.complete(found))


async def list_jobs(archive: Archive, window: Window, request: ListJobs) -> JobPage:
    owner_id = visible_owner(request.actor)
    if request.owner_id and owner_id and request.owner_id != owner_id:
        raise ForbiddenError(
            f"this needs the permission {Permission.JOBS_READ_ALL}", code="missing_permission"
        )
    if "\0" in f"{request.workflow}{request.label}":
        raise InvalidError("a filter contains the character NUL", code="bad_text")
    after = read_cursor(request.cursor) if request.cursor else None
    found = await archive.page(request, request.owner_id or owner_id, after)
    shown = found[: request.limit]
    has_more = len(found) > request.limit
    return JobPage(
        items=window.complete(shown), next_cursor=write_cursor(shown[-1]) if has_more else None
    )


async def list_nodes(desk: Desk, _request: ListNodes) -> NodeList:
    turn = desk.look()
    return NodeList(items=[node_view(turn, node) for node in turn.state.nodes.values()])


def visible_owner(actor: Actor) -> UUID | None:
    """Whose jobs the actor sees; None means everybody's."""
    return None if actor.may(Permission.JOBS_READ_ALL) else actor.user_id


def write_cursor(last: JobView) -> str:
    return urlsafe_b64encode(f"{last.created_at.isoformat()} {last.id}".encode()).decode()


def read_cursor(cursor: str) -> Place:
    try:
        created_at, job_id = urlsafe_b64decode(cursor.encode()).decode().split(" ")
        place = datetime.fromisoformat(created_at).astimezone(UTC), UUID(job_id)
    except (ValueError, OverflowError) as error:
        problem = FieldError(path="cursor", code="bad_cursor", message="a cursor of this list")
        raise InvalidError(
            "the cursor is not one of ours", code="bad_cursor", errors=[problem]
        ) from error
    return place
