"""Frames of live events: as server-sent events, as messages of a WebSocket, and as schemas.

Server-sent events follow the HTML standard, 9.2.
"""

from base64 import b64decode
from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple, Union

from pydantic import BaseModel, Field, create_model
from pydantic_core import from_json, to_json

from contracts.agent import AttemptPreviewed, AttemptProgressed
from contracts.event import Position
from contracts.scheduler.job_events import (
    JobCanceling,
    JobDeleted,
    JobLabeled,
    JobPrioritized,
    JobQueued,
    JobRequeued,
    JobStarted,
)
from gateway.batches.resources import BatchSummary
from gateway.jobs.resources import Job, JobSummary
from gateway.live.facts import ENDINGS, PICTURE


class Frame(NamedTuple):
    """One event for a client; `data` is JSON."""

    name: str
    data: bytes = b""
    id: int | Position | None = None


POSITION = "position"
"""Name of a frame without data, whose id a client names when it comes back."""
HEARTBEAT = Frame("heartbeat")
"""Shows that the line is open."""
RETRY = b"retry: 2000\n\n"
"""The first line of a stream: reconnect after 2 s."""
MAX_DIGITS = 18
ALL_SEEN = 10**MAX_DIGITS - 1
"""The id of the last event of a batch: a client that has it needs no other."""
SIGNALS = (PICTURE, "job.progress")
"""Events that agents send as they like: nobody has checked their data."""


def server_sent(frame: Frame) -> bytes:
    """Return a server-sent event. A line break can only be white space in JSON."""
    if frame is HEARTBEAT:
        return b":\n\n"
    head = b"" if frame.id is None else b"id: %s\n" % id_text(frame.id)
    if frame.name == POSITION:
        return head + b"\n"
    data = frame.data
    if b"\n" in data or b"\r" in data:
        data = data.replace(b"\r", b" ").replace(b"\n", b" ")
    return b"%sevent: %s\ndata: %s\n\n" % (head, frame.name.encode(), data)


def message(frame: Frame) -> bytes | None:
    """Return a message of a WebSocket: JSON, or bytes for a picture; None: the data is broken."""
    if frame.name in SIGNALS:
        try:
            data = from_json(frame.data)
            if frame.name == PICTURE:
                return picture_message(data)
        except (ValueError, KeyError, TypeError, AttributeError):
            return None
    place = b"" if frame.id is None else b',"id":"%s"' % id_text(frame.id)
    content = b',"data":%s' % frame.data if frame.data else b""
    return b'{"event":"%s"%s%s}' % (frame.name.encode(), place, content)


def picture_message(data: dict[str, Any]) -> bytes:
    """Return the length of a JSON object in four bytes, the object, and the picture after it."""
    picture = b64decode(data.pop("data"), validate=True)
    head = to_json({"event": PICTURE, "data": data})
    return len(head).to_bytes(4, "big") + head + picture


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
