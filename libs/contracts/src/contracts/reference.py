"""Writes the reference pages of subjects and of the shapes of messages from their classes.

`make fix` runs it as `python -m contracts.reference`; it writes to `docs/reference/`.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from pydantic import BaseModel

from contracts.event import Event
from contracts.message import Message, Request
from contracts.messages import MESSAGES
from contracts.services import BUCKETS

KINDS = {
    "command": "Commands: a change. Request and reply, one owner, idempotent.",
    "query": "Queries: a question. Request and reply, one owner.",
    "event": "Events: a fact. Durable in the stream `EVENTS` for 72 h, as CloudEvents 1.0.",
    "signal": "Signals: a hint. Not stored and may be lost.",
}


def subjects_page() -> str:
    """Describe every message and bucket, as Markdown."""
    lines = [
        "# Subjects",
        "",
        "Made from the message classes of `libs/contracts` by `make fix`; do not edit.",
    ]
    for kind, title in KINDS.items():
        lines += ["", f"## {title}", ""]
        lines += [described(message) for message in MESSAGES if message.message_kind == kind]
    lines += ["", "## Buckets: state that one service owns and others cache.", ""]
    for bucket in BUCKETS:
        lines.append(f"* `{bucket.name}`: {bucket.owner} → {', '.join(bucket.readers)}")
    return "\n".join(lines) + "\n"


def described(message: type[Message]) -> str:
    summary = (message.__doc__ or "").strip().splitlines()[0]
    way = f"{', '.join(message.sent_by)} → {', '.join(receivers(message))}"
    if issubclass(message, Request):
        way += f"; answered with `{message.answer().__name__}`"
    return f"### `{message.subject}`\n\n`{message.__name__}`: {summary}\n\n{way}\n"


def receivers(message: type[Message]) -> tuple[str, ...]:
    if issubclass(message, Request):
        return (message.owner(),)
    if issubclass(message, Event):
        readers = {name for base in message.__mro__ for name in vars(base).get("consumed_by", ())}
        return (*message.received_by, *(f"{name} (durable)" for name in sorted(readers)))
    return message.received_by


def shapes_page() -> str:
    """Describe each field of every message and answer in one line; a `?` marks optional ones.

    A line that goes or changes breaks `v1` and needs a new class. A new line must have a `?`.
    """
    answers = [m.answer() for m in MESSAGES if issubclass(m, Request)]
    classes = {model.__name__: model for model in [*MESSAGES, *answers]}
    return "".join(line for name in sorted(classes) for line in fields(classes[name]))


def fields(model: type[BaseModel]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        optional = "" if field.is_required() else "?"
        yield f"{model.__name__}.{name}{optional}: {spelled(field.annotation)}\n"


def spelled(annotation: object) -> str:
    """Return the name of a type without its modules, which is equal on every Python."""
    text = (
        annotation.__name__
        if isinstance(annotation, type) and not get_args(annotation)
        else str(annotation)
    )
    text = re.sub(r"<function (\w+) at 0x[0-9a-f]+>", r"\1", text)
    return re.sub(r"(?<!')\b[a-z_]+\.", "", text)


def main(folder: Path) -> None:
    (folder / "subjects.md").write_text(subjects_page())
    (folder / "shapes.txt").write_text(shapes_page())


if __name__ == "__main__":
    main(Path("docs/reference"))
