"""Derives what each service may publish and subscribe to on NATS from the message classes.

The rules of the server (2.11 and later): a service publishes the requests, events and signals
that it sends, subscribes to what it owns or receives, gets answers under its own inbox prefix
only, and reaches of JetStream only the streams, buckets and consumers that it owns or reads.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from contracts.event import Event
from contracts.message import Request, Signal
from contracts.messages import MESSAGES
from contracts.services import BUCKETS, ServiceName
from contracts.topology import (
    EVENTS_STREAM,
    RETRIES_STREAM,
    Subscriber,
    inbox_prefix,
    stream_of,
)


def subscribers() -> list[Subscriber]:
    """Every durable subscriber that an Event class declares in `consumed_by`, by name."""
    classes = {base for message in MESSAGES for base in message.__mro__ if issubclass(base, Event)}
    declared = (
        Subscriber(service, event)
        for event in classes
        for service in vars(event).get("consumed_by", ())
    )
    return sorted(declared, key=lambda subscriber: subscriber.name)


@dataclass(frozen=True, slots=True)
class Permissions:
    """Subject patterns of one NATS user."""

    publish: tuple[str, ...]
    publish_denied: tuple[str, ...]
    """Exceptions from `publish`: requests about the durable consumers of other services."""
    subscribe: tuple[str, ...]
    answers: bool
    """The user may publish once to the reply subject of each request that it received."""


def permissions(service: ServiceName) -> Permissions:
    owned = [m.pattern() for m in MESSAGES if issubclass(m, Request) and m.owner() == service]
    # events arrive only through their stream
    received = [m.pattern() for m in MESSAGES if issubclass(m, Signal) and service in m.received_by]
    consumers = subscribers()
    publish = {m.pattern() for m in MESSAGES if service in m.sent_by}
    publish |= {subject for name in streams_read(service) for subject in read_api(name)}
    publish |= {f"$KV.{bucket.name}.>" for bucket in BUCKETS if bucket.owner == service}
    publish |= {s for one in consumers if one.service == service for s in consume_api(one)}
    denied = {s for one in consumers if one.service != service for s in administer_api(one)}
    return Permissions(
        publish=tuple(sorted(publish)),
        publish_denied=tuple(sorted(denied)) if reads_events(service) else (),
        subscribe=(
            *sorted((*owned, *received)),
            f"{inbox_prefix(service)}.>",
        ),
        answers=bool(owned),
    )


def reads_events(service: ServiceName) -> bool:
    return any(issubclass(m, Event) and service in m.received_by for m in MESSAGES)


def streams_read(service: ServiceName) -> Iterator[str]:
    """Streams that the service reads; a bucket is a stream, and its owner checks it too."""
    if reads_events(service):
        yield EVENTS_STREAM
    for bucket in BUCKETS:
        if service == bucket.owner or service in bucket.readers:
            yield stream_of(bucket)


def read_api(stream: str) -> Iterator[str]:
    """Yield the JetStream requests of a reader of one stream (NATS ADR-1, ADR-8, ADR-17).

    A consumer of EVENTS has its name in the subject of the request. A request without it could
    name a durable consumer of another service in its body and would replace it (measured).
    """
    yield f"$JS.API.STREAM.INFO.{stream}"
    yield f"$JS.API.STREAM.MSG.GET.{stream}"
    yield f"$JS.API.DIRECT.GET.{stream}"
    yield f"$JS.API.DIRECT.GET.{stream}.>"
    if stream != EVENTS_STREAM:
        yield f"$JS.API.CONSUMER.CREATE.{stream}"
    yield f"$JS.API.CONSUMER.CREATE.{stream}.>"
    yield f"$JS.API.CONSUMER.INFO.{stream}.>"
    yield f"$JS.FC.{stream}.>"


def consume_api(subscriber: Subscriber) -> Iterator[str]:
    """Yield what a durable subscriber publishes: about its own consumers and dead letters only."""
    filters = {
        EVENTS_STREAM: subscriber.pattern,
        RETRIES_STREAM: subscriber.retry_subject(">"),
    }
    for stream, pattern in filters.items():
        yield f"$JS.API.CONSUMER.CREATE.{stream}.{subscriber.name}.{pattern}"
        yield f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{subscriber.name}"
        yield f"$JS.ACK.{stream}.{subscriber.name}.>"
    yield subscriber.dead_subject(">")


def administer_api(subscriber: Subscriber) -> Iterator[str]:
    """Yield what `read_api` would otherwise let any reader of events do to the durable consumer."""
    for action in ("CREATE", "INFO"):
        yield f"$JS.API.CONSUMER.{action}.{EVENTS_STREAM}.{subscriber.name}"
        yield f"$JS.API.CONSUMER.{action}.{EVENTS_STREAM}.{subscriber.name}.>"
