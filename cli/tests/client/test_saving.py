"""The files that `comfyfleet run` leaves."""

import json
from pathlib import Path

import pytest

from comfyfleet import CommandError
from comfyfleet.client.api import FleetClient
from comfyfleet.job_run import save_all
from contracts.scheduler.jobs import JobError, JobStatus
from contracts.values import new_id

from .conftest import Answer, Script
from .jobs import a_job, an_output


def test_files_are_saved_under_safe_names_and_over_nothing(
    fleet: Script, client: FleetClient, tmp_path: Path
) -> None:
    media_id = new_id()
    fleet.on(f"GET /v1/media/{media_id}/content", b"\x89PNG")
    job = a_job(JobStatus.COMPLETED, outputs=[an_output(media_id)])
    paths = [path for _ in range(2) for path in save_all(client, job, tmp_path / "out")]
    assert [path.parent for path in paths] == [tmp_path / "out"] * 2
    assert len(set(paths)) == 2
    assert paths[0].read_bytes() == b"\x89PNG"


@pytest.mark.parametrize(
    ("content_type", "filename", "suffix"),
    [
        ("model/gltf-binary", "a.x", ".glb"),
        ("audio/wav", "a.x", ".wav"),
        ("video/quicktime", "a.x", ".mov"),
        ("video/x-ms-wmv", "a.x", ".wmv"),
        ("image/x-exr", "a.x", ".exr"),
        ("application/octet-stream", "ComfyUI_00001_.latent", ".latent"),
        ("application/octet-stream", "splat.ply", ".ply"),
        ("application/octet-stream", "../x.s h", ".bin"),
        ("application/octet-stream", None, ".bin"),
        ("text/plain", "drawing.svg", ".svg"),
        ("text/plain", None, ".txt"),
    ],
)
def test_a_file_is_saved_with_the_ending_of_its_type_or_its_own(
    content_type: str,
    filename: str | None,
    suffix: str,
    fleet: Script,
    client: FleetClient,
    tmp_path: Path,
) -> None:
    media_id = new_id()
    output = an_output(media_id).model_copy(update={"content_type": content_type})
    media = {"id": str(media_id), "owner_id": str(new_id()), "kind": "file", "size_bytes": 3}
    media |= {"content_type": content_type, "blake3": "", "created_at": "2026-01-01T00:00:00Z"}
    fleet.on(f"GET /v1/media/{media_id}/content", b"abc")
    fleet.on(f"GET /v1/media/{media_id}", json.dumps(media | {"filename": filename}).encode())
    [path] = save_all(client, a_job(JobStatus.COMPLETED, outputs=[output]), tmp_path)
    assert path.suffix == suffix
    assert path.parent == tmp_path


def test_a_withheld_output_is_named_and_the_others_are_saved(
    fleet: Script, client: FleetClient, tmp_path: Path
) -> None:
    secret, picture = new_id(), new_id()
    problem = {"type": "urn:comfyfleet:problem:withheld", "detail": "it may hold a graph"}
    fleet.on(f"GET /v1/media/{secret}/content", Answer(json.dumps(problem).encode(), 403))
    fleet.on(f"GET /v1/media/{picture}/content", b"\x89PNG")
    outputs = [an_output(secret), an_output(picture)]
    saving = save_all(client, a_job(JobStatus.COMPLETED, outputs=outputs), tmp_path)

    assert next(saving).read_bytes() == b"\x89PNG"
    with pytest.raises(CommandError, match=rf"Not saved: .*{secret}.*it may hold a graph"):
        next(saving)
    assert len(list(tmp_path.iterdir())) == 1


def test_a_failed_job_names_the_graph_node(client: FleetClient, tmp_path: Path) -> None:
    error = JobError(
        code="raised", message="out of paint", graph_node="3", graph_node_class="KSampler"
    )
    with pytest.raises(CommandError, match=r"graph node 3 \(KSampler\): out of paint"):
        list(save_all(client, a_job(JobStatus.FAILED, error=error), tmp_path))
