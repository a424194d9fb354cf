"""`run`, `doctor`: commands for any fleet, local or not."""

from contextlib import closing
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from comfyfleet import CommandError
from comfyfleet.client import jobs
from comfyfleet.client.api import FleetClient
from comfyfleet.client.connection import connect, home_of
from comfyfleet.client.submission import JobOptions
from comfyfleet.commands.job_options import (
    Deadline,
    Key,
    Labels,
    Priority,
    Refuse,
    Reject,
    job_options,
)
from comfyfleet.graph_values import read_graph, set_values
from comfyfleet.input_values import parse
from comfyfleet.job_run import save_all, watch, with_uploads
from comfyfleet.settings import LocalSettings
from comfyfleet.tables import console, say
from contracts.registry.presets import PresetView
from contracts.scheduler.jobs import JobView


def run(  # noqa: PLR0913  (the options of the command)
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="WORKFLOW [INPUT=VALUE]…",
            help="`txt2img`, or `txt2img@3` for a certain version, and its inputs: "
            'prompt="a red door" steps=20 image=@photo.png',
        ),
    ] = None,
    *,
    graph: Annotated[
        Path | None,
        typer.Option(
            help="Run this graph without a workflow; words change its values: "
            '6.text="a red door" 10.image=@photo.png'
        ),
    ] = None,
    preset: Annotated[
        UUID | None, typer.Option(help="Run this preset; words change its inputs: steps=30")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the outputs.")] = Path(),
    priority: Priority = None,
    deadline: Deadline = None,
    label: Labels = None,
    refuse: Refuse = False,
    key: Key = None,
    reject: Reject = False,
    detach: Annotated[
        bool, typer.Option("--detach", help="Print the id of the job and do not wait for it.")
    ] = False,
) -> None:
    """Run a workflow or a graph, and save its outputs. Ctrl-C cancels the job."""
    options = job_options(
        priority=priority, deadline=deadline, label=label, refuse=refuse, key=key, reject=reject
    )
    with closing(connect()) as client:
        if graph:
            content = read_graph(graph)
            set_values(client, content, words or [], options)
            submitted = jobs.submit(client, {"graph": content}, options)
        else:
            submitted = submit(client, words or [], options, preset)
        if detach:
            say(str(submitted.id))
            return
        job = watch(client, submitted, console)
        for path in save_all(client, job, out):
            say(str(path))


def submit(
    client: FleetClient, words: list[str], options: JobOptions, preset: UUID | None = None
) -> JobView:
    kept = dict[str, Any]()
    if preset:
        found = client.ask(PresetView, "GET", f"/v1/presets/{preset}")
        words, kept = [found.workflow, *words], found.inputs
    if not words:
        raise CommandError("Say what to run: the name of a workflow, or --graph with a file.")
    workflow, *inputs = words
    values = parse(inputs, client.inputs_schema(workflow.partition("@")[0]))
    sent = kept | with_uploads(client, workflow, values, options)
    return jobs.submit(client, {"workflow": workflow, "inputs": sent}, options)


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
