"""What each service may say and hear on NATS: derived from the messages, never written by hand.

The rules of the server (2.10 and later): a service publishes the requests, events and signals
that it sends, subscribes to what it owns or receives, gets answers under its own inbox prefix
only, and reaches of JetStream only the streams and buckets that it owns or reads.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from contracts.event import Event
from contracts.message import Message, Request
from contracts.messages import MESSAGES
from contracts.services import BUCKETS, Bucket, ServiceName

EVENTS_STREAM = "EVENTS"


@dataclass(frozen=True, slots=True)
class Permissions:
    """Subject patterns of one NATS user."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]
    answers: bool
    """May publish once to the reply subject of each request that it received."""


def inbox_prefix(service: str) -> str:
    """Where answers to `service` arrive, and where nobody else can listen."""
    return f"_INBOX_{service.replace('-', '_')}"


def permissions(service: ServiceName) -> Permissions:
    owned = [message.pattern() for message in MESSAGES if is_owned(message, service)]
    heard = [message.pattern() for message in MESSAGES if is_heard(message, service)]
    publish = {m.pattern() for m in MESSAGES if service in m.sent_by}
    publish |= {subject for name in streams_read(service) for subject in read_api(name)}
    publish |= {f"$KV.{bucket.name}.>" for bucket in BUCKETS if bucket.owner == service}
    return Permissions(
        publish=tuple(sorted(publish)),
        subscribe=(
            *sorted((*owned, *heard)),
            f"{inbox_prefix(service)}.>",
        ),
        answers=bool(owned),
    )


def is_owned(message: type[Message], service: ServiceName) -> bool:
    """The service answers this request."""
    return issubclass(message, Request) and message.owner() == service


def is_heard(message: type[Message], service: ServiceName) -> bool:
    """Signals are heard directly; events only through their stream."""
    if issubclass(message, (Request, Event)):
        return False
    return service in message.received_by


def streams_read(service: ServiceName) -> Iterator[str]:
    """Streams that the service reads; a bucket is a stream, and its owner checks it too."""
    if any(issubclass(m, Event) and service in m.received_by for m in MESSAGES):
        yield EVENTS_STREAM
    for bucket in BUCKETS:
        if service == bucket.owner or service in bucket.readers:
            yield stream_of(bucket)


def stream_of(bucket: Bucket) -> str:
    return f"KV_{bucket.name}"


def read_api(stream: str) -> tuple[str, ...]:
    """What a reader of one stream says to JetStream (NATS ADR-1, ADR-8, ADR-17)."""
    return (
        f"$JS.API.STREAM.INFO.{stream}",
        f"$JS.API.STREAM.MSG.GET.{stream}",
        f"$JS.API.DIRECT.GET.{stream}",
        f"$JS.API.DIRECT.GET.{stream}.>",
        f"$JS.API.CONSUMER.CREATE.{stream}",
        f"$JS.API.CONSUMER.CREATE.{stream}.>",
        f"$JS.API.CONSUMER.INFO.{stream}.>",
        f"$JS.API.CONSUMER.DELETE.{stream}.>",
        f"$JS.FC.{stream}.>",
    )
