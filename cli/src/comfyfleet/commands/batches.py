"""`batches`: run a workflow many times with one command, and watch or cancel all of its jobs."""

import time
from contextlib import closing
from json import loads
from pathlib import Path
from typing import Annotated, Any, cast
from uuid import UUID

import typer
from rich.table import Table
from rich.text import Text

from comfyfleet import CommandError
from comfyfleet.client import batches
from comfyfleet.client.connection import connect
from comfyfleet.commands.job_options import (
    Deadline,
    Key,
    Labels,
    Priority,
    Refuse,
    Reject,
    job_options,
)
from comfyfleet.input_values import parse, parse_grid
from comfyfleet.job_run import progress_bar, with_uploads
from comfyfleet.tables import ago, colored, console, plain_table, say
from contracts.scheduler.batches import BatchView
from contracts.scheduler.jobs import TERMINAL, JobStatus

POLL_SECONDS = 1.0
COMPLETED = {JobStatus.COMPLETED}

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
BatchId = Annotated[UUID, typer.Argument(help="Id of the batch.")]


def group() -> typer.Typer:
    app = typer.Typer(help=__doc__, no_args_is_help=True)
    for command in (submit, list_, get, watch, cancel):
        app.command(command.__name__.rstrip("_"))(command)
    return app


def submit(  # noqa: PLR0913  (the options of the command)
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
    priority: Priority = None,
    deadline: Deadline = None,
    label: Labels = None,
    refuse: Refuse = False,
    key: Key = None,
    reject: Reject = False,
) -> None:
    """Submit one job for each seed, combination or item; print the id of the batch."""
    if [count, grid or None, items].count(None) != 2:  # noqa: PLR2004  (of three)
        raise CommandError("Say which jobs: give one of --count, --grid and --items.")
    options = job_options(
        priority=priority, deadline=deadline, label=label, refuse=refuse, key=key, reject=reject
    )
    listed = read_items(items) if items else None
    with closing(connect()) as client:
        schema = client.inputs_schema(workflow.partition("@")[0])
        shared = with_uploads(client, workflow, parse(inputs or [], schema), options)
        batch: dict[str, Any] = {"workflow": workflow, "inputs": shared}
        batch |= {"count": count} if count else {"items": listed} if listed else {}
        if grid:
            batch["grid"] = with_uploads(client, workflow, parse_grid(grid, schema), options)
        say(str(batches.submit(client, batch, options).id))


def read_items(path: Path) -> list[dict[str, Any]]:
    try:
        found: Any = loads(path.read_text())
    except OSError as error:
        raise CommandError(f"Cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise CommandError(f"{path} is not JSON: {error}") from error
    listed = cast("list[Any]", found) if isinstance(found, list) else []
    if not listed or not all(isinstance(inputs, dict) for inputs in listed):
        raise CommandError(f"{path} should hold a list of objects: the inputs of each job.")
    return [{"inputs": inputs} for inputs in listed]


def list_(
    *,
    limit: Annotated[int, typer.Option("-n", min=1, max=50, help="Number of batches.")] = 20,
    json: Json = False,
) -> None:
    """List the newest batches."""
    with closing(connect()) as client:
        found = batches.newest(client, limit)
    if json:
        say(f"[{','.join(batch.model_dump_json() for batch in found)}]")
    else:
        console.print(batches_table(found))


def get(batch_id: BatchId, *, json: Json = False) -> None:
    """Show a batch, with the number of its jobs in each status."""
    with closing(connect()) as client:
        batch = batches.find(client, batch_id)
    if json:
        say(batch.model_dump_json())
    else:
        console.print(batches_table([batch]))


def watch(batch_id: BatchId) -> None:
    """Show the progress of a batch until its last job has ended; fail if a job did not complete."""
    with closing(connect()) as client, progress_bar(console) as bar:
        task = bar.add_task("", total=1.0)
        while True:
            batch = batches.find(client, batch_id)
            bar.update(task, completed=batch.fraction, description=statuses(batch).plain)
            if batch.finished_at:
                break
            time.sleep(POLL_SECONDS)
    counts = batch.job_count_by_status
    if bad := [status for status in sorted(TERMINAL - COMPLETED) if counts.get(status)]:
        text = f"{sum(counts[status] for status in bad)} of {batch.job_count} jobs did not complete"
        options = " ".join(f"--status {status}" for status in bad)
        list_them = f"comfyfleet jobs list --batch {batch_id} {options}"
        raise CommandError(f"{text}; `{list_them}` says why.")


def cancel(batch_id: BatchId) -> None:
    """End all jobs of a batch that have not ended."""
    with closing(connect()) as client:
        console.print(batches_table([batches.cancel(client, batch_id)]))


def batches_table(found: list[BatchView]) -> Table:
    table = plain_table("batch", "workflow", "jobs", "done", "created", "statuses")
    for batch in found:
        row = (str(batch.id), batch.workflow, str(batch.job_count), f"{batch.fraction:.0%}")
        table.add_row(*row, ago(batch.created_at), statuses(batch))
    return table


def statuses(batch: BatchView) -> Text:
    counts = batch.job_count_by_status.items()
    words = (colored(status).append(f" {count}") for status, count in counts if count)
    return Text(", ").join(words)
