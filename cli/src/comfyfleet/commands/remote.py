"""`run`, `doctor`: commands for any fleet, local or not."""

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from comfyfleet.client.connection import connect, home_of
from comfyfleet.input_values import parse
from comfyfleet.job_run import save_all, watch, with_uploads
from comfyfleet.settings import LocalSettings
from comfyfleet.tables import console, say


def run(
    workflow: Annotated[
        str, typer.Argument(help="`txt2img`, or `txt2img@3` for a certain version.")
    ],
    inputs: Annotated[
        list[str] | None, typer.Argument(help='prompt="a red door" steps=20 image=@photo.png')
    ] = None,
    *,
    out: Annotated[Path, typer.Option(help="Folder for the outputs.")] = Path(),
) -> None:
    """Run a workflow and save its outputs. Ctrl-C cancels the job."""
    with closing(connect()) as client:
        values = parse(inputs or [], client.inputs_schema(workflow.partition("@")[0]))
        submitted = client.submit(workflow, with_uploads(client, workflow, values))
        job = watch(client, submitted, console)
        for path in save_all(client, job, out):
            say(str(path))


def doctor(
    comfyui_url: Annotated[
        str | None, typer.Argument(help="A ComfyUI to check: http://127.0.0.1:8188")
    ] = None,
) -> None:
    """Check this machine (and a ComfyUI), and name a remedy for each problem."""
    from comfyfleet.doctor import checks  # noqa: PLC0415 - loads the checks of workflows

    settings = LocalSettings()
    results = checks.check_machine(settings, home_of(settings))
    if comfyui_url:
        results += checks.check_comfyui(comfyui_url)
    if not checks.print_results(results):
        raise typer.Exit(1)
