"""The four kinds of message and the grammar of their subjects.

event.<aggregate>.<past participle>.v<n>.<key>    it happened; stored, many readers
command.<service>.<verb>_<noun>.v<n>[.<key>]      do it; not stored, one owner answers
query.<service>.<verb>_<noun>.v<n>[.<key>]        tell me; not stored, one owner answers
signal.<aggregate>.<past participle>.v<n>.<key>   look; not stored, may be lost

A message class declares its subject, who sends it and who receives it; NATS permissions, the
bus and the reference docs are derived from that and from nothing else.
"""

import re
from string import Formatter
from typing import Any, ClassVar, Generic, Self, TypeVar

from pydantic import BaseModel, ConfigDict
from pydantic_core import from_json

from contracts.services import OWNERS, ServiceName

WORD = r"[a-z]+(_[a-z]+)*"


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
        """Names of the fields that end the subject, in order."""
        return tuple(name for _, name, _, _ in Formatter().parse(cls.subject) if name)

    @classmethod
    def pattern(cls, **known: object) -> str:
        """Subject to subscribe to: every placeholder that is not `known` becomes a wildcard."""
        return cls.subject.format_map(dict.fromkeys(cls.keys(), "*") | known)

    def address(self) -> str:
        """Subject to publish to."""
        return self.subject.format_map(self.__dict__)

    def encode(self) -> bytes:
        return self.model_dump_json().encode()

    @classmethod
    def key_values(cls, subject: str) -> dict[str, str]:
        """The keys of a subject that this class published, by field name."""
        names = cls.keys()
        return dict(zip(names, subject.split(".")[-len(names) :], strict=True)) if names else {}

    @classmethod
    def is_published_to(cls, subject: str) -> bool:
        """Whether a message under this subject was published as one of this class.

        JetStream delivers stored messages to any subject that a reader of the stream names, and
        the permissions of that reader do not stop it; the message keeps the subject under which
        it was stored. Unless this is asked, who may write a bucket could give any command.
        """
        wanted, found = cls.subject.split("."), subject.split(".")
        return len(wanted) == len(found) and all(
            word == given or word.startswith("{") for word, given in zip(wanted, found, strict=True)
        )

    @classmethod
    def decode(cls, subject: str, body: bytes) -> Self:
        """Read a message; its excluded fields come from the subject."""
        names = cls.keys()
        if not any(cls.model_fields[name].exclude for name in names):
            return cls.model_validate_json(body)
        return cls.model_validate({**from_json(body), **cls.key_values(subject)})


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
