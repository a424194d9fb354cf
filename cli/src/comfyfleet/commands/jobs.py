"""`jobs`: list, show, watch, change, cancel, repeat and delete jobs of any fleet."""

from contextlib import closing
from json import dumps
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from comfyfleet import CommandError, job_run
from comfyfleet.client import jobs
from comfyfleet.client.connection import connect
from comfyfleet.client.job_progress import failure_of
from comfyfleet.client.submission import JobOptions
from comfyfleet.commands.job_options import Refuse, key_and_value
from comfyfleet.commands.timings import timings
from comfyfleet.explanation_tables import explanation_card, obstacles_table
from comfyfleet.job_tables import job_card, jobs_table, labels_text
from comfyfleet.tables import console, say
from contracts.access import Priority
from contracts.scheduler.jobs import JobStatus, JobView

Limit = Annotated[int, typer.Option("-n", min=1, max=200, help="Number of jobs.")]
Statuses = Annotated[
    list[JobStatus] | None, typer.Option(help="Only jobs of this status; may be given twice.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
JobIds = Annotated[list[UUID], typer.Argument(help="Ids of jobs.")]


def group() -> typer.Typer:
    """The command itself, which lists, and its sub-commands."""
    app = typer.Typer(help=__doc__, invoke_without_command=True)
    app.callback()(show)
    for command in (list_, get, explain, watch, cancel, retry, set_, delete, graph, timings):
        app.command(command.__name__.rstrip("_"))(command)
    return app


def show(context: typer.Context, *, limit: Limit = 20, status: Statuses = None) -> None:
    """List the newest jobs; the commands below do more."""
    if context.invoked_subcommand is None:
        list_(limit=limit, status=status)


def list_(  # noqa: PLR0913  (the filters of the command)
    *,
    limit: Limit = 20,
    status: Statuses = None,
    workflow: Annotated[str | None, typer.Option(help="Only `name` or `name@version`.")] = None,
    label: Annotated[str | None, typer.Option(help="Only `key` or `key=value`.")] = None,
    batch: Annotated[UUID | None, typer.Option(help="Only jobs of this batch.")] = None,
    owner: Annotated[
        UUID | None, typer.Option(help="Only jobs of this user; needs `jobs:read_all`.")
    ] = None,
    json: Json = False,
) -> None:
    """List the newest jobs that match all filters."""
    with closing(connect()) as client:
        found = jobs.find(
            client,
            limit=limit,
            status=status,
            workflow=workflow,
            label=label,
            batch_id=batch,
            owner_id=owner,
        )
    if json:
        say(f"[{','.join(job.model_dump_json() for job in found)}]")
    else:
        console.print(jobs_table(found))


def get(job_id: UUID, *, json: Json = False) -> None:
    """Show a job with its inputs, its outputs and the reason why it waits or failed."""
    with closing(connect()) as client:
        print_job(client.find_job(job_id), json=json)


def explain(job_id: UUID, *, json: Json = False) -> None:
    """Say why a job waits: what holds it, and for each node why it does not take the job now."""
    with closing(connect()) as client:
        explanation = jobs.explain(client, job_id)
    if json:
        say(explanation.model_dump_json())
    else:
        console.print(explanation_card(explanation))
        if explanation.node_count:
            console.print(obstacles_table(explanation))


def watch(
    job_id: UUID,
    *,
    out: Annotated[Path | None, typer.Option(help="Folder for the outputs.")] = None,
) -> None:
    """Show the progress of a job until it has ended; fail if it did not complete.

    Ctrl-C leaves the job alone.
    """
    with closing(connect()) as client:
        job = job_run.watch(client, client.find_job(job_id), console, cancels=False)
        if job.status is not JobStatus.COMPLETED:
            raise CommandError(failure_of(job))
        for path in job_run.save_all(client, job, out) if out else ():
            say(str(path))


def cancel(job_ids: JobIds) -> None:
    """End jobs early; a job that is over stays as it is."""
    with closing(connect()) as client:
        for job_id in job_ids:
            say(f"{job_id} {client.cancel(job_id).status}")


def retry(job_ids: JobIds, *, refuse: Refuse = False) -> None:
    """Run jobs again that failed, were canceled or expired; print the ids of the new jobs."""
    options = JobOptions({"if_unrunnable": "refuse"} if refuse else {})
    with closing(connect()) as client:
        for job_id in job_ids:
            say(str(jobs.retry(client, job_id, options).id))


def set_(
    job_ids: JobIds,
    *,
    priority: Annotated[
        Priority | None, typer.Option(help="New priority of jobs that are queued.")
    ] = None,
    label: Annotated[
        list[str] | None, typer.Option(help="`key=value` to add or change; may be given twice.")
    ] = None,
    unlabel: Annotated[
        list[str] | None, typer.Option(help="Key of a label to remove; may be given twice.")
    ] = None,
) -> None:
    """Change the priority of queued jobs, and the labels of jobs that are not over."""
    if not (priority or label or unlabel):
        raise CommandError("Name at least one thing to change; --help lists them.")
    added = dict(map(key_and_value, label or []))
    changes: dict[str, Any] = {"priority": priority} if priority else {}
    with closing(connect()) as client:
        for job_id in job_ids:
            if added or unlabel:
                labels = client.find_job(job_id).labels | added
                changes["labels"] = {k: v for k, v in labels.items() if k not in (unlabel or [])}
            job = jobs.change(client, job_id, changes)
            say(f"{job.id} {job.priority} {labels_text(job)}".rstrip())


def delete(job_ids: JobIds) -> None:
    """Delete jobs that are over, with their results."""
    with closing(connect()) as client:
        for job_id in job_ids:
            jobs.delete(client, job_id)


def graph(job_id: UUID) -> None:
    """Print the graph of a job in ComfyUI's API format, with its inputs in place."""
    with closing(connect()) as client:
        say(dumps(jobs.graph(client, job_id), indent=2, ensure_ascii=False))


def print_job(job: JobView, *, json: bool) -> None:
    if json:
        say(job.model_dump_json())
    else:
        console.print(job_card(job))
