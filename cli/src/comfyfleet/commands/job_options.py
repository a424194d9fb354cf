"""The options with which `run` and `batches submit` submit jobs."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from comfyfleet import CommandError
from comfyfleet.client.submission import JobOptions
from contracts.access import Priority as JobPriority

SPAN = re.compile(r"([0-9]{1,6}) ?(s|min|h|d)")
KEY = re.compile(r"[\x21-\x7e]{1,255}")
"""The characters of a header that proxies leave alone."""
SECONDS = {"s": 1, "min": 60, "h": 3_600, "d": 86_400}

Priority = Annotated[JobPriority | None, typer.Option(help="Else the highest that you may use.")]
Deadline = Annotated[
    str | None,
    typer.Option(help="Let them expire then: `90min`, `2h`, or `2026-12-01T18:00Z`."),
]
Labels = Annotated[
    list[str] | None,
    typer.Option("--label", help="`key=value` to find the jobs by; may be given twice."),
]
Refuse = Annotated[
    bool, typer.Option("--refuse", help="Fail now if no node can run it, instead of waiting.")
]
Key = Annotated[
    str | None,
    typer.Option(help="A name of your own: a repeat within a day submits nothing new."),
]
Reject = Annotated[
    bool, typer.Option("--reject", help="With --key: fail if the key was used before.")
]


def job_options(
    *,
    priority: JobPriority | None,
    deadline: str | None,
    label: list[str] | None,
    refuse: bool,
    key: str | None,
    reject: bool,
) -> JobOptions:
    if reject and not key:
        raise CommandError("--reject is about repeats of a key: give --key too.")
    if key is not None and not KEY.fullmatch(key):
        raise CommandError("A key is 1 to 255 letters, digits and signs of ASCII, without spaces.")
    if key and deadline and SPAN.fullmatch(deadline):
        raise CommandError("A repeat would have a later deadline: with --key, give a time.")
    fields: dict[str, Any] = {
        "priority": priority,
        "deadline": time_of(deadline).isoformat() if deadline else None,
        "labels": dict(map(key_and_value, label or [])),
        "if_unrunnable": "refuse" if refuse else None,
    }
    given = {name: value for name, value in fields.items() if value}
    return JobOptions(given, key, rejects_repeats=reject)


def time_of(deadline: str) -> datetime:
    """Return a time in UTC; a time without a zone is taken as UTC."""
    if span := SPAN.fullmatch(deadline):
        return datetime.now(UTC) + timedelta(seconds=int(span[1]) * SECONDS[span[2]])
    try:
        found = datetime.fromisoformat(deadline)
    except ValueError:
        text = "is no time: write 90min, 2h, 1d or 2026-12-01T18:00Z."
        raise CommandError(f"“{deadline}” {text}") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def key_and_value(text: str) -> tuple[str, str]:
    key, separator, value = text.partition("=")
    if not separator:
        raise CommandError(f"{text} is not key=value.")
    return key, value
