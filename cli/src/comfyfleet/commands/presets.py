"""`presets`: keep inputs of a workflow under a name, share them, list and delete them."""

from contextlib import closing
from typing import Annotated, Any
from uuid import UUID, uuid4

import typer

from comfyfleet.client.connection import connect
from comfyfleet.input_values import parse
from comfyfleet.job_run import with_uploads
from comfyfleet.tables import console, plain_table, say
from contracts.registry.presets import PresetPage, PresetView

PRESETS = "/v1/presets"
Id = Annotated[UUID, typer.Argument(metavar="PRESET", help="Id of a preset.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def group() -> typer.Typer:
    app = typer.Typer(help=__doc__, no_args_is_help=True)
    for command in (list_, get, save, share, unshare, delete):
        app.command(command.__name__.rstrip("_"))(command)
    return app


def list_(
    workflow: Annotated[str | None, typer.Argument(help="Only presets of this workflow.")] = None,
    *,
    own: Annotated[
        bool | None, typer.Option("--own/--shared", help="Only own ones, or only shared ones.")
    ] = None,
    json: Json = False,
) -> None:
    """List own presets, and those that others share."""
    params: dict[str, Any] = {"workflow": workflow} if workflow else {}
    params |= {} if own is None else {"is_own": own}
    found = list[PresetView]()
    with closing(connect()) as client:
        while True:
            page = client.ask(PresetPage, "GET", PRESETS, params=params)
            found += page.items
            if page.next_cursor is None:
                break
            params["cursor"] = page.next_cursor
    if json:
        say(f"[{','.join(preset.model_dump_json() for preset in found)}]")
        return
    table = plain_table("preset", "name", "workflow", "shared", "inputs")
    for preset in found:
        inputs = ", ".join(preset.inputs)
        shared = "yes" if preset.is_shared else "no"
        table.add_row(str(preset.id), preset.name, preset.workflow, shared, inputs)
    console.print(table)


def get(preset: Id) -> None:
    """Print a preset as JSON."""
    with closing(connect()) as client:
        say(client.ask(PresetView, "GET", f"{PRESETS}/{preset}").model_dump_json())


def save(
    name: Annotated[str, typer.Argument(help="Name for people.")],
    workflow: Annotated[str, typer.Argument(help="NAME or NAME@VERSION.")],
    inputs: Annotated[list[str] | None, typer.Argument(help="key=value …")] = None,
    *,
    shared: Annotated[bool, typer.Option("--shared", help="Let all users see it.")] = False,
) -> None:
    """Keep inputs of a workflow."""
    with closing(connect()) as client:
        schema = client.inputs_schema(workflow.partition("@")[0])
        values = with_uploads(client, workflow, parse(inputs or [], schema))
        body = {"name": name, "workflow": workflow, "inputs": values, "is_shared": shared}
        headers = {"Idempotency-Key": str(uuid4())}
        made = client.ask(PresetView, "POST", PRESETS, json=body, headers=headers)
    say(str(made.id))


def share(preset: Id) -> None:
    """Let all users see and use it."""
    change(preset, is_shared=True)


def unshare(preset: Id) -> None:
    """Keep it to oneself again."""
    change(preset, is_shared=False)


def change(preset: UUID, **changes: Any) -> None:
    with closing(connect()) as client:
        client.ask(PresetView, "PATCH", f"{PRESETS}/{preset}", json=changes)


def delete(preset: Id) -> None:
    """Delete a preset of one's own."""
    with closing(connect()) as client:
        client.call("DELETE", f"{PRESETS}/{preset}")
