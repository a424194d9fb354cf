"""The permissions of each service follow from the messages, and none is left out."""

import importlib
import pkgutil
from collections.abc import Iterator

import pytest

import contracts
from contracts.event import Event
from contracts.message import Message
from contracts.messages import MESSAGES
from contracts.permissions import permissions, subscribers
from contracts.scheduler.job_events import JobDeleted, JobEvent
from contracts.scheduler.node_events import NodeEvent
from contracts.services import SERVICES
from contracts.topology import Subscriber, subscriber


def declared() -> Iterator[type[Message]]:
    """Every message class with a subject, in whichever module it stands."""
    for module in pkgutil.walk_packages(contracts.__path__, "contracts."):
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, type) and issubclass(value, Message) and "subject" in vars(value):
                yield value


def test_every_message_is_declared_once() -> None:
    assert set(declared()) == set(MESSAGES)
    assert len({message.subject for message in MESSAGES}) == len(MESSAGES)


def test_every_message_is_sent_by_somebody() -> None:
    assert [message.__name__ for message in MESSAGES if not message.sent_by] == []


def test_nobody_publishes_what_others_send() -> None:
    for service in SERVICES:
        allowed = set(permissions(service).publish)
        foreign = {m.pattern() for m in MESSAGES if service not in m.sent_by}
        assert allowed & foreign == set()


def test_nobody_listens_to_another_inbox_or_to_everything() -> None:
    for service in SERVICES:
        for subject in permissions(service).subscribe:
            assert subject != ">"
            assert not subject.startswith("_INBOX") or service.replace("-", "_") in subject


def test_a_subscriber_is_given_its_own_events_and_no_others() -> None:
    events = [message for message in MESSAGES if issubclass(message, Event)]
    for one in subscribers():
        matched = [event for event in events if matches(one.pattern, event.subject)]
        assert matched == list(one.classes)
        assert matched == [event for event in events if issubclass(event, one.event)]


def matches(pattern: str, subject: str) -> bool:
    words = list(zip(pattern.split("."), subject.split("."), strict=False))
    return pattern.count(".") == subject.count(".") and all(w in (s, "*") for w, s in words)


def test_each_subscriber_is_named_by_the_events_that_it_consumes() -> None:
    assert subscribers() == [
        Subscriber("media", JobDeleted),
        Subscriber("webhooks", JobEvent),
        Subscriber("workflow-registry", NodeEvent),
    ]
    assert subscriber("workflow-registry", NodeEvent).pattern == "event.node.*.v1.*"
    with pytest.raises(TypeError, match="does not name gateway"):
        subscriber("gateway", NodeEvent)


def test_an_agent_cannot_write_buckets_nor_events() -> None:
    assert not [s for s in permissions("node-agent").publish if s.startswith(("$KV", "event."))]
