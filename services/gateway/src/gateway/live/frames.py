"""Server-sent events on the wire (HTML standard, 9.2), and their schemas for the reference docs."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias, Union

from pydantic import BaseModel, Field, create_model

from contracts.agent import AttemptPreviewed, AttemptProgressed
from contracts.event import Position
from contracts.scheduler.job_changes import JobDeleted, JobLabeled, JobPrioritized
from contracts.scheduler.jobs import JobCanceling, JobQueued, JobRequeued, JobStarted
from gateway.batches.resources import BatchSummary
from gateway.jobs.resources import Job, JobSummary
from gateway.live.facts import ENDINGS

ReadyFrame: TypeAlias = bytes
"""An event as it is sent."""
COMMENT: ReadyFrame = b":\n\n"
RETRY = b"retry: 2000\n\n"
"""The first line of a stream: reconnect after 2 s."""
MAX_DIGITS = 18
ALL_SEEN = 10**MAX_DIGITS - 1
"""The id of the last event of a batch: a client that has it needs no other."""


def frame(name: str, data: bytes, id_: int | Position | None = None) -> ReadyFrame:
    """Return one event. `data` is JSON, so a line break can only be white space in it."""
    if b"\n" in data or b"\r" in data:
        data = data.replace(b"\r", b" ").replace(b"\n", b" ")
    head = b"" if id_ is None else b"id: %s\n" % id_text(id_)
    return b"%sevent: %s\ndata: %s\n\n" % (head, name.encode(), data)


def id_only(id_: Position) -> ReadyFrame:
    """Return an id without an event: a client that reconnects names it."""
    return b"id: %s\n\n" % id_text(id_)


def id_text(id_: int | Position) -> bytes:
    """Return a version of a job as it is, and a position as `<sequence>-<stream>`."""
    return b"%d-%d" % (id_.sequence, id_.stream) if isinstance(id_, Position) else b"%d" % id_


def last_position(header: str | None, stream: int) -> Position | None:
    """Return the position in `Last-Event-ID`; a number alone is one of this stream."""
    number, has_stream, named = (header or "").partition("-")
    sequence, found = last_seen(number), last_seen(named) if has_stream else stream
    return None if sequence is None or found is None else Position(found, sequence)


def last_seen(header: str | None) -> int | None:
    """Return the number in `Last-Event-ID`; None if it is not one that we could have sent."""
    if header is None or not (header.isascii() and header.isdigit()) or len(header) > MAX_DIGITS:
        return None
    return int(header)


DATA: Mapping[str, Any] = {
    "job.snapshot": Job | JobSummary,
    "job.queued": JobQueued,
    "job.started": JobStarted,
    "job.requeued": JobRequeued,
    "job.canceling": JobCanceling,
    "job.prioritized": JobPrioritized,
    "job.labeled": JobLabeled,
    **dict.fromkeys(sorted(ENDINGS), Job),
    "job.deleted": JobDeleted,
    "job.progress": AttemptProgressed,
    "job.preview": AttemptPreviewed,
    "batch.finished": BatchSummary,
}
"""Model of the data of each event. The stream of all jobs begins with summaries."""
PASSING = {"job.snapshot", "job.progress", "job.preview"}
"""Events that a client cannot get again. Only the last snapshot of all jobs has an id."""


def frame_model(name: str, data: Any) -> type[BaseModel]:
    fields: dict[str, Any] = {
        "event": (Literal[name], Field(description="Name of the event.")),
        "data": (data, Field(description="The data, as JSON.")),
    }
    if name not in PASSING:
        fields["id"] = (str, Field(description="Value for `Last-Event-ID`."))
    title = name.title().replace(".", "") + "Frame"
    return create_model(title, __doc__=f"An event `{name}`.", **fields)


FRAMES = tuple(frame_model(name, data) for name, data in DATA.items())
EventFrame: Any = Annotated[Union[FRAMES], Field(discriminator="event")]  # noqa: UP007  # made from a tuple
"""Any frame of a stream, for the reference docs."""
