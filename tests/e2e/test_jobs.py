"""The main path as a caller sees it: upload, submit, watch, download."""

import io
import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
from PIL import Image


def a_picture(width: int = 64, height: int = 48, color: str = "teal") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), color).save(file, "PNG")
    return file.getvalue()


def a_mask(width: int = 64, height: int = 48) -> bytes:
    """White in the left half."""
    image = Image.new("L", (width, height), 0)
    image.paste(255, (0, 0, width // 2, height))
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def upload(api: httpx.Client, content: bytes, kind: str = "image", **form: str) -> str:
    answer = api.post("/v1/media", data={"kind": kind, **form}, files={"file": ("a.png", content)})
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def submit(api: httpx.Client, workflow: str, **inputs: Any) -> dict[str, Any]:
    answer = api.post("/v1/jobs", json={"workflow": workflow, "inputs": inputs})
    assert answer.status_code == 201, answer.text
    return answer.json()


def finish(api: httpx.Client, workflow: str, **inputs: Any) -> dict[str, Any]:
    """Submit, wait for the end and return the job."""
    body = {"workflow": workflow, "inputs": inputs}
    answer = api.post("/v1/jobs", json=body, headers={"Prefer": "wait=50"})
    assert answer.status_code == 201, answer.text
    assert answer.json()["status"] == "completed", answer.text
    return answer.json()


def picture_of(api: httpx.Client, job: dict[str, Any]) -> Image.Image:
    [output] = job["outputs"]
    content = api.get(output["url"])
    assert (content.status_code, content.headers["content-type"]) == (200, "image/png")
    assert len(content.content) == output["size_bytes"]
    image = Image.open(io.BytesIO(content.content))
    assert image.size == (output["width"], output["height"])
    return image


def frames(response: httpx.Response) -> Iterator[tuple[str, str | None, dict[str, Any]]]:
    """Name, id and data of each frame of an event stream."""
    name, frame_id = "", None
    for line in response.iter_lines():
        field, _, value = line.partition(": ")
        match field:
            case "event":
                name = value
            case "id":
                frame_id = value
            case "data":
                yield name, frame_id, json.loads(value)
                frame_id = None
            case _:
                pass


def test_an_uploaded_picture_comes_back_resized(api: httpx.Client) -> None:
    media_id = upload(api, a_picture(64, 48))
    job = finish(api, "resize", image={"media": media_id}, width=32, height=24)
    assert picture_of(api, job).size == (32, 24)
    assert job["attempt_count"] == 1
    assert job["progress"]["fraction"] == 1.0


def test_a_mask_decides_what_is_composed(api: httpx.Client) -> None:
    below, above = upload(api, a_picture(color="#ff0000")), upload(api, a_picture(color="#0000ff"))
    mask = upload(api, a_mask(), "mask", image_id=below)
    schema = api.get("/v1/workflows/composite/schema").json()["properties"]
    images = [name for name, field in schema.items() if field.get("x-comfyfleet-type") == "image"]
    inputs = {name: {"media": media} for name, media in zip(images, (below, above), strict=True)}
    job = finish(api, "composite", **inputs, mask={"media": mask})
    image = picture_of(api, job).convert("RGB")
    assert image.getpixel((5, 5)) != image.getpixel((60, 5))


def test_each_shipped_workflow_runs_on_the_preview_engine(api: httpx.Client) -> None:
    media_id = upload(api, a_picture(128, 128))
    mask = upload(api, a_mask(128, 128), "mask", image_id=media_id)
    image, masked = {"media": media_id}, {"media": mask}
    assert finish(api, "txt2img", prompt="a lighthouse", seed=7, steps=4)["seed"] == 7
    finish(api, "img2img", prompt="a lighthouse", image=image, steps=4)
    finish(api, "inpaint", prompt="a red door", image=image, mask=masked, steps=4)
    finish(api, "upscale", image=image)
    finish(api, "stitch", image=image, second=image)
    finish(api, "controlnet_canny", prompt="a lighthouse", image=image, steps=2)
    finish(api, "solid")


def test_a_picture_becomes_a_film(api: httpx.Client) -> None:
    image = {"media": upload(api, a_picture(128, 64))}
    size = {"width": 128, "height": 64, "seconds": 2, "steps": 2}
    [film] = finish(api, "image_to_video", prompt="waves", image=image, **size)["outputs"]
    content = api.get(film["url"])
    assert (content.status_code, content.headers["content-type"]) == (200, "video/mp4")
    assert len(content.content) == film["size_bytes"]


def test_the_same_idempotency_key_makes_one_job(api: httpx.Client) -> None:
    headers = {"Idempotency-Key": str(uuid4())}
    body: dict[str, Any] = {"workflow": "solid", "inputs": {}}
    first = api.post("/v1/jobs", json=body, headers=headers)
    again = api.post("/v1/jobs", json=body, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["id"] == again.json()["id"]
    assert again.headers["Idempotency-Replayed"] == "true"
    other = api.post("/v1/jobs", json=body | {"labels": {"a": "b"}}, headers=headers)
    assert (other.status_code, other.json()["status"]) == (409, 409)


def test_a_stream_tells_the_whole_story_once_and_resumes(api: httpx.Client) -> None:
    job = submit(api, "txt2img", prompt="waves", steps=8)
    path = job["links"]["events"]
    with api.stream("GET", path) as response:
        story = list(frames(response))
    names = [name for name, _, _ in story]
    assert names[0] == "job.snapshot"
    assert names[-1] == "job.completed"
    assert "job.progress" in names
    assert story[-1][2]["outputs"]
    ids = [int(frame_id) for _, frame_id, _ in story if frame_id]
    assert ids == sorted(set(ids))

    with api.stream("GET", path, headers={"Last-Event-ID": "1"}) as response:
        rest = [(name, frame_id) for name, frame_id, _ in frames(response) if frame_id]
    assert [name for name, _ in rest] == ["job.started", "job.completed"]
    assert api.get(path, headers={"Last-Event-ID": str(ids[-1])}).status_code == 204


def test_a_queued_and_a_running_job_are_canceled(api: httpx.Client) -> None:
    running = submit(api, "txt2img", prompt="long", steps=150)
    queued = [submit(api, "txt2img", prompt="later", steps=150) for _ in range(3)]
    for job in [*queued, running]:
        assert api.post(job["links"]["cancel"]).status_code == 200
    for job in [*queued, running]:
        with api.stream("GET", job["links"]["events"]) as response:
            assert [name for name, _, _ in frames(response)][-1] in {"job.canceled", "job.snapshot"}
        assert api.get(job["links"]["self"]).json()["status"] == "canceled"
    assert api.post(running["links"]["cancel"]).json()["status"] == "canceled"
    finish(api, "solid")


def test_lists_are_paged_newest_first_and_filtered(api: httpx.Client) -> None:
    label = uuid4().hex[:8]
    made = [
        api.post("/v1/jobs", json={"workflow": "solid", "inputs": {}, "labels": {"t": label}})
        for _ in range(5)
    ]
    page = api.get("/v1/jobs", params={"label": f"t={label}", "limit": 3}).json()
    cursor = {"label": f"t={label}", "limit": 3, "cursor": page["next_cursor"]}
    rest = api.get("/v1/jobs", params=cursor).json()
    listed = [job["id"] for job in page["items"] + rest["items"]]
    assert listed == [answer.json()["id"] for answer in reversed(made)]
    assert rest["next_cursor"] is None
