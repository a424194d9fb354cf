"""Runs the first job of a new fleet. It needs no model, so every ComfyUI can run it."""

import os
import sys
from collections.abc import Iterable
from pathlib import Path

from PIL import Image, ImageDraw, ImageOps

from comfyfleet import CommandError
from comfyfleet.client.api import FleetClient
from comfyfleet.client.job_progress import failure_of, wait_for
from contracts.scheduler.jobs import JobStatus
from contracts.scheduler.nodes import NodePhase, NodeView

WORKFLOW = "resize"
SIZE = 768
RESULT_SIZE = 512
SECONDS = 90.0


def run_sample(client: FleetClient, folder: Path) -> Path:
    """Draw a picture, have the fleet scale it, and return the path of the result."""
    folder.mkdir(exist_ok=True)
    source = folder / "source.png"
    draw().save(source)
    media = client.upload(source, "image")
    inputs = {"image": {"media": str(media.id)}, "width": RESULT_SIZE, "height": RESULT_SIZE}
    try:
        job = wait_for(client, client.submit(WORKFLOW, inputs), within=SECONDS)
    except CommandError as error:
        raise CommandError(" ".join([str(error), *unready_nodes(client.nodes())])) from error
    if job.status is not JobStatus.COMPLETED or not job.outputs:
        raise CommandError(failure_of(job))
    path = folder / "first-picture.png"
    client.save(job.outputs[0].media_id, path)
    return path


def unready_nodes(nodes: Iterable[NodeView]) -> list[str]:
    """Return a sentence for each node that takes no jobs."""
    return [
        f"{node.base_url} is {node.phase}{f': {node.reason}' if node.reason else ''}."
        for node in nodes
        if node.phase is not NodePhase.READY
    ]


def draw() -> Image.Image:
    """Draw rings over a gradient, which show at a glance whether scaling worked."""
    across = ImageOps.fit(Image.linear_gradient("L"), (SIZE, SIZE))
    picture = Image.merge("RGB", (across, across.rotate(90), across.rotate(180)))
    pen = ImageDraw.Draw(picture)
    for radius in range(40, SIZE // 2, 48):
        box = (SIZE // 2 - radius, SIZE // 2 - radius, SIZE // 2 + radius, SIZE // 2 + radius)
        pen.ellipse(box, outline="white", width=6)
    pen.text((24, 24), "ComfyFleet", fill="white", font_size=48)
    return picture


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
