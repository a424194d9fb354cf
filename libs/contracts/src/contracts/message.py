"""Defines the four kinds of message and the grammar of their subjects.

event.<aggregate>.<past participle>.v<n>.<key>    a fact; stored, many readers
command.<owner>.<verb>_<noun>.v<n>[.<key>]        a change; not stored, one owner answers
query.<owner>.<verb>_<noun>.v<n>[.<key>]          a question; not stored, one owner answers
signal.<aggregate>.<past participle>.v<n>.<key>   a hint; not stored, may be lost

`<owner>` is the service that answers: auth, media, scheduler, webhooks, registry
(workflow-registry) or node (node-agent). A subject may end in several keys, or in none.

A message class declares its subject, its senders and its receivers. NATS permissions, the bus and
the reference pages derive from these declarations alone.
"""

import re
from collections.abc import Iterator
from string import Formatter
from types import ModuleType
from typing import Any, ClassVar, Generic, Self, TypeVar

from pydantic import BaseModel, ConfigDict
from pydantic_core import from_json

from contracts.errors import InvalidError
from contracts.services import OWNERS, ServiceName

WORD = r"[a-z]+(_[a-z]+)*"


class Accepted(BaseModel):
    """The command was carried out or accepted, now or earlier; there is nothing to return."""


class Message(BaseModel):
    """Anything that travels on the bus.

    `subject` is a template: `{placeholders}` are filled from the message's own fields. A field
    declared with `exclude=True` travels in the subject only.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    message_kind: ClassVar[str]
    subject: ClassVar[str]
    sent_by: ClassVar[tuple[ServiceName, ...]]
    received_by: ClassVar[tuple[ServiceName, ...]]

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if "subject" not in cls.__dict__:
            return
        if not re.fullmatch(
            rf"{cls.message_kind}\.{WORD}\.{WORD}\.v\d+(\.\{{\w+\}})*", cls.subject
        ):
            raise TypeError(f"{cls.__name__}: {cls.subject!r} breaks the subject grammar")
        if unknown := set(cls.keys()) - cls.model_fields.keys():
            raise TypeError(f"{cls.__name__}: {unknown} are not fields")

    @classmethod
    def keys(cls) -> tuple[str, ...]:
        """Return the names of the fields that end the subject, in order."""
        return tuple(name for _, name, _, _ in Formatter().parse(cls.subject) if name)

    @classmethod
    def pattern(cls, **known: object) -> str:
        """Return the subject to subscribe to, with a wildcard for each key that is not `known`."""
        return cls.subject.format_map(dict.fromkeys(cls.keys(), "*") | known)

    def address(self) -> str:
        """Return the subject to publish to."""
        return self.subject.format_map(self.__dict__)

    def encode(self) -> bytes:
        return self.model_dump_json().encode()

    @classmethod
    def key_values(cls, subject: str) -> dict[str, str]:
        """Return the keys of a subject under which this class was published, by field name."""
        names = cls.keys()
        return dict(zip(names, subject.split(".")[-len(names) :], strict=True)) if names else {}

    @classmethod
    def is_published_to(cls, subject: str) -> bool:
        """Return whether a message under this subject was published as one of this class.

        JetStream delivers stored messages to any subject that a reader of the stream names, even
        one to which the reader may not publish. The message keeps the subject under which it was
        stored. Without this check, a service that may write a bucket could give any command.
        """
        wanted, found = cls.subject.split("."), subject.split(".")
        return len(wanted) == len(found) and all(
            word == given or word.startswith("{") for word, given in zip(wanted, found, strict=True)
        )

    @classmethod
    def decode(cls, subject: str, body: bytes) -> Self:
        """Read a message; its excluded fields come from the subject.

        Raises InvalidError if it has other keys than its subject. NATS permits subjects: without
        this check, an agent that may speak for one node could speak for any.
        """
        names = cls.keys()
        if any(cls.model_fields[name].exclude for name in names):
            message = cls.model_validate({**from_json(body), **cls.key_values(subject)})
        else:
            message = cls.model_validate_json(body)
        if names and message.address() != subject:
            raise InvalidError("the subject has other keys than the message", code="malformed")
        return message


def declared_in(module: ModuleType) -> Iterator[type[Message]]:
    """Yield the message classes with a subject that stand in a module."""
    for value in vars(module).values():
        if isinstance(value, type) and issubclass(value, Message) and "subject" in vars(value):
            yield value


A = TypeVar("A", bound=BaseModel)


class Request(Message, Generic[A]):
    """A message with exactly one answer of type `A`, or one typed error."""

    @classmethod
    def answer(cls) -> type[BaseModel]:
        for base in cls.__mro__:
            arguments = getattr(base, "__pydantic_generic_metadata__", {}).get("args")
            if arguments:
                return arguments[0]
        raise TypeError(f"{cls.__name__} declares no answer")

    @classmethod
    def owner(cls) -> ServiceName:
        return OWNERS[cls.subject.split(".")[1]]


class Command(Request[A], Generic[A]):
    message_kind = "command"


class Query(Request[A], Generic[A]):
    message_kind = "query"


class Signal(Message):
    message_kind = "signal"
