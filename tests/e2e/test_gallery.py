"""Results of jobs are found, shown small, shared, packed and deleted."""

import io
from typing import Any
from uuid import uuid4
from zipfile import ZipFile

import httpx
from PIL import Image

SIZE = {"width": 640, "height": 320}


def made(api: httpx.Client, **labels: str) -> dict[str, Any]:
    body = {"workflow": "solid", "inputs": SIZE, "labels": labels}
    answer = api.post("/v1/jobs", json=body, headers={"Prefer": "wait=50"})
    assert answer.json()["status"] == "completed", answer.text
    return answer.json()


def listed(api: httpx.Client, **asked: Any) -> list[str]:
    page = api.get("/v1/media", params=asked)
    assert page.status_code == 200, page.text
    return [item["id"] for item in page.json()["items"]]


def test_a_result_is_found_shown_shared_packed_and_deleted(api: httpx.Client) -> None:
    poster = str(uuid4())
    job = made(api, poster=poster)
    [output] = job["outputs"]
    media_id, path = output["media_id"], f"/v1/media/{output['media_id']}"
    for asked in ({"label": f"poster={poster}"}, {"job_id": job["id"]}, {"text": poster}):
        assert listed(api, workflow="solid", **asked) == [media_id]
    small = api.get(f"{path}/content", params={"width": 256})
    shown = api.get(path).json()
    link = api.post(f"{path}/links", json={}).json()
    opened = httpx.get(api.base_url.join(link["url"]))
    packed = api.post("/v1/media/zip", json={"media_ids": [media_id]})
    gone = api.delete(path)

    with Image.open(io.BytesIO(small.content)) as thumbnail:
        assert (thumbnail.format, thumbnail.size) == ("WEBP", (256, 128))
    assert shown["placeholder"].startswith("data:image/webp;base64,")
    assert len(opened.content) == output["size_bytes"]
    with ZipFile(io.BytesIO(packed.content)) as zip_file:
        assert zip_file.read(zip_file.namelist()[0]) == opened.content
    assert gone.status_code == 204
    assert api.get(output["url"]).status_code == 404
    assert listed(api, job_id=job["id"]) == []
