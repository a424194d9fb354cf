"""The WebSocket in a whole fleet: every event of a job, and its previews as pictures."""

import io
import json
from typing import Any

import httpx
from PIL import Image
from websockets.sync.client import ClientConnection, connect

from comfyfleet.testing import LocalFleet

from .test_jobs import submit


def told(connection: ClientConnection, job_id: str) -> tuple[list[dict[str, Any]], list[bytes]]:
    """Return the messages about the job until its end, and the pictures among them."""
    messages, pictures = list[dict[str, Any]](), list[bytes]()
    for received in connection:
        if isinstance(received, bytes):
            pictures.append(received)
            continue
        message = json.loads(received)
        data = message.get("data", {})
        if job_id in (data.get("id"), data.get("job_id")):
            messages.append(message)
            if message["event"] == "job.completed":
                break
    return messages, pictures


def test_a_client_hears_of_its_job_and_sees_it_grow(
    fleet: LocalFleet, api: httpx.Client, token: str
) -> None:
    url = fleet.url.replace("http", "ws", 1) + "/v1/ws"
    protocols: Any = ["comfyfleet.v1", f"bearer.{token}"]
    with connect(url, subprotocols=protocols, proxy=None, max_size=None) as connection:
        connection.send(json.dumps({"type": "subscribe"}))
        job = submit(api, "txt2img", prompt="a lighthouse", steps=30)
        messages, pictures = told(connection, job["id"])

    facts = [one for one in messages if one.get("id") and one["event"] != "job.snapshot"]
    versions = [one["data"]["version"] for one in facts]
    assert versions == sorted(set(versions)), "each fact comes once, in order"
    assert messages[-1]["data"]["outputs"]
    for message in pictures:
        length = int.from_bytes(message[:4], "big")
        head = json.loads(message[4 : 4 + length])
        assert head["event"] == "job.preview"
        Image.open(io.BytesIO(message[4 + length :])).verify()
