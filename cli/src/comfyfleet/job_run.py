"""Runs one job for `comfyfleet run`: uploads files, shows progress, saves the outputs."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from comfyfleet import CommandError
from comfyfleet.client.api import FleetClient
from comfyfleet.client.errors import ApiError
from comfyfleet.client.job_progress import failure_of, follow, not_runnable
from comfyfleet.client.submission import NO_OPTIONS, JobOptions
from comfyfleet.input_values import FileInput
from contracts.content_types import OCTETS, TEXT, extension
from contracts.scheduler.jobs import JobStatus, JobView, Output

WITHHELD = "withheld"
PLAIN_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,16}")


def with_uploads(
    client: FleetClient,
    workflow: str,
    inputs: Mapping[str, Any],
    options: JobOptions = NO_OPTIONS,
) -> dict[str, Any]:
    """Upload every file and replace it by its media id; masks last, since they name a picture."""
    sent: dict[str, Any] = {}
    for name, value in sorted(inputs.items(), key=lambda item: is_mask(item[1])):
        sent[name] = uploaded(client, workflow, value, sent, options)
    return sent


def is_mask(value: object) -> bool:
    return isinstance(value, FileInput) and value.of is not None


def uploaded(
    client: FleetClient, workflow: str, value: Any, sent: Mapping[str, Any], options: JobOptions
) -> Any:
    if isinstance(value, list):
        return [uploaded(client, workflow, item, sent, options) for item in value]  # pyright: ignore[reportUnknownVariableType] # JSON
    if not isinstance(value, FileInput):
        return value
    form: dict[str, str] = {}
    if is_mask(value):
        form = {"workflow": workflow, "input": value.input}
    if value.of and (picture := sent.get(value.of)):
        form["image_id"] = picture["media"]
    key = options.key_of_upload(value.input, value.path)
    return {"media": str(client.upload(value.path, value.kind, key=key, **form).id)}


def progress_bar(console: Console) -> Progress:
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn())
    return Progress(*columns, TimeElapsedColumn(), console=console)


def watch(
    client: FleetClient, submitted: JobView, console: Console, *, cancels: bool = True
) -> JobView:
    """Show a progress bar until the job ends; Ctrl-C raises `CommandError`.

    With `cancels` it cancels the job too.
    """
    job = submitted
    with progress_bar(console) as bar:
        task = bar.add_task("queued", total=1.0)
        try:
            for job in follow(client, submitted):
                done = 1.0 if job.status is JobStatus.COMPLETED else job.progress.fraction
                bar.update(task, completed=done, description=describe(job))
        except KeyboardInterrupt:
            if not cancels:
                raise CommandError(f"Job {submitted.id} goes on.") from None
            client.cancel(submitted.id)
            raise CommandError(f"Job {submitted.id} is canceled.") from None
    return job


def describe(job: JobView) -> str:
    if job.status is JobStatus.QUEUED:
        if job.unmet:
            return f"waits: {not_runnable(job.unmet)}"
        place = f"queued, place {job.queue_position}" if job.queue_position else "queued"
        return f"{place}: {job.reason}" if job.reason else place
    if job.status is not JobStatus.RUNNING:
        return job.status.value
    progress = job.progress
    steps = f" {progress.step}/{progress.steps}" if progress.steps else ""
    return f"{progress.graph_node_class or 'running'}{steps}"


def save_all(client: FleetClient, job: JobView, folder: Path) -> Iterator[Path]:
    """Write every output to `folder` and yield its path; never overwrite a file.

    Raises `CommandError` behind the last one if some outputs are withheld from this account.
    """
    if job.status is not JobStatus.COMPLETED:
        raise CommandError(failure_of(job))
    folder.mkdir(parents=True, exist_ok=True)
    withheld: list[str] = []
    for output in job.outputs:
        try:
            path = free_path(folder, stem_of(job, output), suffix_of(client, output))
            client.save(output.media_id, path)
        except ApiError as error:
            if error.code != WITHHELD:
                raise
            withheld.append(f"Not saved: {output.name} ({output.media_id}): {error}")
        else:
            yield path
    if withheld:
        raise CommandError("\n".join(withheld))


def stem_of(job: JobView, output: Output) -> str:
    """Return workflow and output name as a safe file name: no server may choose the folder."""
    words = f"{job.workflow.partition('@')[0]}-{output.name}-{str(job.id)[-6:]}-{output.index}"
    return "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in words)


def suffix_of(client: FleetClient, output: Output) -> str:
    """Return the ending of the type, or of the file's own name if the type says too little."""
    if output.content_type not in (TEXT, OCTETS):
        return f".{extension(output.content_type)}"
    own = PurePosixPath(client.find_media(output.media_id).filename or "").suffix
    return own if PLAIN_SUFFIX.fullmatch(own) else f".{extension(output.content_type)}"


def free_path(folder: Path, stem: str, suffix: str) -> Path:
    path, number = folder / f"{stem}{suffix}", 1
    while path.exists():
        path, number = folder / f"{stem}-{number}{suffix}", number + 1
    return path
