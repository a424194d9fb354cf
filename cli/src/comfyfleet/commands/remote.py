"""`run`, `jobs`, `nodes`, `doctor`: any fleet, local or not."""

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from comfyfleet.client.connect import connect, home_of
from comfyfleet.doctor.checkup import check_machine, check_server
from comfyfleet.doctor.findings import show
from comfyfleet.inputs import parse
from comfyfleet.settings import LocalSettings
from comfyfleet.submitting import save_all, watch, with_uploads
from comfyfleet.tables import jobs_table, nodes_table, terminal

console = terminal()


def run(
    workflow: Annotated[str, typer.Argument(help="`txt2img`, or `txt2img@3` for one version.")],
    inputs: Annotated[
        list[str] | None, typer.Argument(help='prompt="a red door" steps=20 image=@photo.png')
    ] = None,
    *,
    out: Annotated[Path, typer.Option(help="Folder for the files.")] = Path(),
) -> None:
    """Run a workflow and save what it makes. Ctrl-C cancels the job."""
    with closing(connect()) as client:
        values = parse(inputs or [], client.inputs_schema(workflow.partition("@")[0]))
        submitted = client.submit(workflow, with_uploads(client, workflow, values))
        job = watch(client, submitted, console)
        for path in save_all(client, job, out):
            console.print(str(path), markup=False, soft_wrap=True)


def jobs(
    *,
    limit: Annotated[int, typer.Option("-n", min=1, max=200, help="How many.")] = 20,
    status: Annotated[str | None, typer.Option(help="Only these: queued, running …")] = None,
) -> None:
    """List the newest jobs."""
    with closing(connect()) as client:
        console.print(jobs_table(client.jobs(limit=limit, status=status)))


def nodes() -> None:
    """List the GPU servers and what each of them does."""
    with closing(connect()) as client:
        console.print(nodes_table(client.nodes()))


def doctor(
    comfyui_url: Annotated[
        str | None, typer.Argument(help="A ComfyUI to examine: http://127.0.0.1:8188")
    ] = None,
) -> None:
    """Say what works here (and on a ComfyUI), what does not, and how to mend it."""
    settings = LocalSettings()
    findings = check_machine(settings, home_of(settings))
    if comfyui_url:
        findings += check_server(comfyui_url)
    if not show(findings, console):
        raise typer.Exit(1)
