"""Runs the first job of a new fleet. It needs no model, so every ComfyUI can run it."""

import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from time import monotonic

from PIL import Image

from comfyfleet import CommandError
from comfyfleet.client.api import FleetClient
from comfyfleet.client.job_progress import failure_of, wait_for
from comfyfleet.client.jobs import submit
from comfyfleet.sample_picture import DAWN, NIGHT, beam, coast
from contracts.scheduler.jobs import JobStatus, JobView
from contracts.scheduler.nodes import NodePhase, NodeView

WORKFLOW = "composite"
SECONDS = 90.0
LONG_SECONDS = 5.0


def run_sample(client: FleetClient, folder: Path, say: Callable[[str], None]) -> Path:
    """Draw a coast by night and at dawn, have the fleet put them together, and return the path.

    Says why it waits, once, if it takes longer than LONG_SECONDS.
    """
    folder.mkdir(exist_ok=True)
    night = upload(client, folder / "night.png", coast(NIGHT))
    dawn = upload(client, folder / "dawn.png", coast(DAWN))
    mask = upload(client, folder / "beam.png", beam(), "mask", workflow=WORKFLOW, input="mask")
    inputs = {"image": {"media": night}, "overlay": {"media": dawn}, "mask": {"media": mask}}
    job = {"workflow": WORKFLOW, "inputs": inputs}
    began, said = monotonic(), list[str]()

    def tell(_job: JobView) -> None:
        if not said and monotonic() - began > LONG_SECONDS:
            said.extend(unready_nodes(client.nodes()) or ["The nodes are busy."])
            say(" ".join(["It waits.", *said]))

    try:
        ended = wait_for(client, submit(client, job), within=SECONDS, tell=tell)
    except CommandError as error:
        raise CommandError(" ".join([str(error), *unready_nodes(client.nodes())])) from error
    if ended.status is not JobStatus.COMPLETED or not ended.outputs:
        raise CommandError(failure_of(ended))
    path = folder / "first-picture.png"
    client.save(ended.outputs[0].media_id, path)
    return path


def upload(
    client: FleetClient, path: Path, picture: Image.Image, kind: str = "image", **form: str
) -> str:
    picture.save(path)
    return str(client.upload(path, kind, **form).id)


def unready_nodes(nodes: Iterable[NodeView]) -> list[str]:
    """Return a sentence for each node that takes no jobs."""
    return [
        f"{node.base_url} is {node.phase}{f': {node.reason}' if node.reason else ''}."
        for node in nodes
        if node.phase is not NodePhase.READY
    ]


def next_steps(url: str) -> str:
    """Return commands to copy into another terminal."""
    program = os.path.relpath(sys.argv[0])
    return f"""\
Next, in another terminal:
  {program} run txt2img prompt="a lighthouse at dawn"
  {program} status        (also: jobs, nodes, logs -f, doctor)

  TOKEN=$({program} token)
  curl -s {url}/v1/workflows -H "Authorization: Bearer $TOKEN"
  curl -s {url}/v1/jobs -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\
       -H "Prefer: wait=30" -d '{{"workflow": "solid", "inputs": {{}}}}'
  {url}/docs is the API's reference. Ctrl-C stops everything; what was made is kept."""
