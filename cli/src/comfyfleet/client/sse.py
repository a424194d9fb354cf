"""Server-sent events, as far as the fleet uses them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Frame:
    event: str
    data: str
    id: str | None = None


def frames(lines: Iterable[str]) -> Iterator[Frame]:
    """Frames of a stream of lines; comments and frames that the line's end cut off are left out.

    https://html.spec.whatwg.org/multipage/server-sent-events.html
    """
    fields: dict[str, list[str]] = {}
    for line in lines:
        if not line:
            if data := fields.get("data"):
                event = fields.get("event", ["message"])[-1]
                ids = fields.get("id")
                yield Frame(event, "\n".join(data), ids[-1] if ids else None)
            fields = {}
        elif not line.startswith(":"):
            name, _, value = line.partition(":")
            fields.setdefault(name, []).append(value.removeprefix(" "))
