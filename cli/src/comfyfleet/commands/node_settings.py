"""The options with which `nodes add` and `nodes set` name settings of a node."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from comfyfleet import CommandError
from comfyfleet.input_values import number_or_text
from contracts.scheduler.nodes import Setting

CERTIFICATES = "ca_certificates"
FORMS = {
    "--label": ("=", "key=value"),
    "--header": (":", "'Name: value'"),
    "--engine-setting": ("=", "name=value"),
}
"""Separator and form of the values of an option."""

Queue = Annotated[
    int | None, typer.Option(min=1, max=16, help="Most foreign prompts beside a job.")
]
Priority = Annotated[int | None, typer.Option(help="The highest among equals gets a job.")]
Pool = Annotated[str | None, typer.Option(help="Only agents of this pool claim it.")]
Labels = Annotated[list[str] | None, typer.Option("--label", help="key=value")]
Headers = Annotated[
    list[str] | None, typer.Option("--header", help="'Name: value' for a proxy before it.")
]
CaFile = Annotated[
    Path | None,
    typer.Option(exists=True, dir_okay=False, help="PEM certificates to trust there, of your own."),
]
EngineSettings = Annotated[
    list[str] | None,
    typer.Option("--engine-setting", help="name=value for its engine."),
]


def given(**settings: Any) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if value is not None}


def pairs_of(
    option: str, texts: Sequence[str] | None, *, removes: bool = False
) -> dict[str, str] | None:
    """Return the names and values of an option; none to remove all, None to leave all."""
    if not texts:
        return {} if removes else None
    separator, form = FORMS[option]
    found: dict[str, str] = {}
    for text in texts:
        name, is_pair, value = text.partition(separator)
        if not is_pair or not name.strip():
            raise CommandError(f"Expected {option} {form}, not {text!r}.")
        found[name.strip()] = value.strip()
    return found


def engine_settings(
    known: Mapping[str, Setting], texts: Sequence[str] | None, ca_file: Path | None
) -> dict[str, Any] | None:
    """Return the known settings with those of the options; None if no option names one."""
    named = pairs_of("--engine-setting", texts)
    if named is None and ca_file is None:
        return None
    found: dict[str, Any] = {name: number_or_text(text) for name, text in (named or {}).items()}
    if ca_file:
        found[CERTIFICATES] = certificates_in(ca_file)
    return {**known, **found}


def certificates_in(ca_file: Path) -> str:
    certificates = ca_file.read_bytes().decode(errors="replace")
    if "BEGIN CERTIFICATE" not in certificates:
        raise CommandError(f"{ca_file} holds no PEM certificate (`-----BEGIN CERTIFICATE-----`).")
    return certificates
