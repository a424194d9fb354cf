"""`batches`: run a workflow many times with one command, and watch or cancel all of its jobs."""

import json
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any, cast
from uuid import UUID

import typer
from rich.table import Table
from rich.text import Text

from comfyfleet import CommandError
from comfyfleet.client import batches
from comfyfleet.client.connection import connect
from comfyfleet.input_values import parse, parse_grid
from comfyfleet.job_run import with_uploads
from comfyfleet.tables import ago, colored, console, plain_table, say
from contracts.scheduler.batches import BatchView

BatchId = Annotated[UUID, typer.Argument(help="Id of the batch.")]


def group() -> typer.Typer:
    app = typer.Typer(help=__doc__, no_args_is_help=True)
    for command in (submit, list_, get, cancel):
        app.command(command.__name__.rstrip("_"))(command)
    return app


def submit(
    workflow: Annotated[
        str, typer.Argument(help="`txt2img`, or `txt2img@3` for a certain version.")
    ],
    inputs: Annotated[
        list[str] | None, typer.Argument(help='Inputs of all jobs: prompt="a red door" steps=20')
    ] = None,
    *,
    count: Annotated[
        int | None, typer.Option(min=1, max=1_000, help="So many jobs with other seeds.")
    ] = None,
    grid: Annotated[
        list[str] | None,
        typer.Option(help="Values to combine: --grid steps=10,20 --grid cfg=[1.5,7]"),
    ] = None,
    items: Annotated[
        Path | None,
        typer.Option(help='JSON file with the inputs of each job: [{"prompt": "a"}, …]'),
    ] = None,
) -> None:
    """Submit one job for each seed, combination or item; print the id of the batch."""
    if [count, grid or None, items].count(None) != 2:  # noqa: PLR2004  (of three)
        raise CommandError("Say which jobs: give one of --count, --grid and --items.")
    listed = read_items(items) if items else None
    with closing(connect()) as client:
        schema = client.inputs_schema(workflow.partition("@")[0])
        shared = with_uploads(client, workflow, parse(inputs or [], schema))
        jobs: dict[str, Any] = {"count": count, "items": listed}
        if grid:
            jobs["grid"] = with_uploads(client, workflow, parse_grid(grid, schema))
        chosen = {name: value for name, value in jobs.items() if value is not None}
        say(str(batches.submit(client, workflow, shared, chosen).id))


def read_items(path: Path) -> list[dict[str, Any]]:
    try:
        found = json.loads(path.read_text())
    except OSError as error:
        raise CommandError(f"Cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise CommandError(f"{path} is not JSON: {error}") from error
    listed = cast("list[Any]", found) if isinstance(found, list) else []
    if not listed or not all(isinstance(inputs, dict) for inputs in listed):
        raise CommandError(f"{path} should hold a list of objects: the inputs of each job.")
    return [{"inputs": inputs} for inputs in listed]


def list_(
    *, limit: Annotated[int, typer.Option("-n", min=1, max=50, help="Number of batches.")] = 20
) -> None:
    """List the newest batches."""
    with closing(connect()) as client:
        console.print(batches_table(batches.newest(client, limit)))


def get(batch_id: BatchId) -> None:
    """Show a batch, with the number of its jobs in each status."""
    with closing(connect()) as client:
        console.print(batches_table([batches.find(client, batch_id)]))


def cancel(batch_id: BatchId) -> None:
    """End all jobs of a batch that have not ended."""
    with closing(connect()) as client:
        console.print(batches_table([batches.cancel(client, batch_id)]))


def batches_table(found: list[BatchView]) -> Table:
    table = plain_table("batch", "workflow", "jobs", "done", "created", "statuses")
    for batch in found:
        words = (
            colored(status).append(f" {count}")
            for status, count in batch.job_count_by_status.items()
            if count
        )
        row = (str(batch.id), batch.workflow, str(batch.job_count), f"{batch.fraction:.0%}")
        table.add_row(*row, ago(batch.created_at), Text(", ").join(words))
    return table
