"""Names the streams, the durable subscribers and the inboxes on NATS.

It imports no messages: a service loads only those that it uses, and starts faster.
"""

import sys
from collections.abc import Iterable
from dataclasses import dataclass

from contracts.event import Event
from contracts.message import declared_in
from contracts.services import Bucket, ServiceName

MAX_MESSAGE_BYTES = 1024**2
"""The largest message of a service, headers included."""
EVENTS_STREAM = "EVENTS"
DEAD_LETTERS_STREAM = "DEAD_LETTERS"
"""Events that a durable subscriber could not handle: `dead.<service>.<class>.<event subject>`."""
RETRIES_STREAM = "RETRIES"
"""Dead letters that an operator replays: `retry.<service>.<class>.<event subject>`."""


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A service that reads one class of events durably, or every event of a base class."""

    service: ServiceName
    event: type[Event]

    @property
    def name(self) -> str:
        """Name of its two consumers, on the streams of events and of retries."""
        return f"{self.service}-{self.event.__name__}"

    @property
    def classes(self) -> tuple[type[Event], ...]:
        """Its classes; those of a base class stand in the module of that class."""
        declared = declared_in(sys.modules[self.event.__module__])
        return tuple(message for message in declared if issubclass(message, self.event))

    @property
    def pattern(self) -> str:
        """Subject pattern of all its classes: `event.node.*.v1.*`."""
        return common_pattern(event.pattern() for event in self.classes)

    def dead_subject(self, event_subject: str) -> str:
        return f"dead.{self.service}.{self.event.__name__}.{event_subject}"

    def retry_subject(self, event_subject: str) -> str:
        return f"retry.{self.service}.{self.event.__name__}.{event_subject}"


def common_pattern(patterns: Iterable[str]) -> str:
    """Keep the words that all patterns have in a place; every other place becomes a wildcard."""
    places = zip(*(pattern.split(".") for pattern in patterns), strict=True)
    return ".".join(words[0] if len(set(words)) == 1 else "*" for words in places)


def subscriber(service: ServiceName, event: type[Event]) -> Subscriber:
    """Return the subscriber; raises TypeError unless the class itself declares it."""
    if service not in vars(event).get("consumed_by", ()):
        raise TypeError(f"{event.__name__} does not name {service} in `consumed_by`")
    return Subscriber(service, event)


def inbox_prefix(service: str) -> str:
    """Return the prefix under which answers to `service` arrive; no other service listens there."""
    return f"_INBOX_{service.replace('-', '_')}"


def stream_of(bucket: Bucket) -> str:
    return f"KV_{bucket.name}"
