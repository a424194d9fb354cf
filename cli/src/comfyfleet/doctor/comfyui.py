"""Checks of one ComfyUI: every request that an agent will send to it."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
from PIL import Image
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from comfyfleet import CommandError
from comfyfleet.doctor.server_settings import package_drift, settings_of
from comfyfleet.doctor.silence import why_silent
from workflows.compatibility.releases import is_too_old, release_of
from workflows.json_values import as_array, as_object, is_object

SIDE = 64
SCALED = 96
JOB_SECONDS = 120.0
ANSWER_SECONDS = 15.0
POLL_SECONDS = 0.2


@dataclass(slots=True)
class ComfyUIChecks:
    """Each method is one check; they run in this order, and later checks use earlier results."""

    url: str
    prompt_id: str = field(default_factory=lambda: str(uuid4()))
    uploaded: str = ""
    outputs: dict[str, Any] = field(default_factory=dict[str, Any])

    def reachable(self) -> str:
        stats = self.get("/system_stats")
        names = [str(device.get("name")) for device in listed(stats, "devices")]
        return f"{self.url} answers; device: {', '.join(names) or 'none'}"

    def version(self) -> str:
        text = self.release()
        if is_too_old(text):
            raise CommandError(f"ComfyUI {text}")
        if release_of(text) is None:
            return f"“{text}” is not a release number; the job below shows whether it works"
        return text

    def release(self) -> str:
        return str(as_object(self.get("/system_stats").get("system")).get("comfyui_version", ""))

    def settings(self) -> str:
        """Tell the settings that decide about previews, uploads and kept results."""
        stats, features = self.get("/system_stats"), self.get("/features")
        return "; ".join(settings_of(as_object(stats.get("system")), features))

    def packages(self) -> str:
        system = as_object(self.get("/system_stats").get("system"))
        if drift := package_drift(system):
            raise CommandError(", ".join(drift))
        return "those that this ComfyUI requires"

    def access(self) -> str:
        """ComfyUI itself has no accounts, so a refusal comes from something in front of it."""
        self.get("/queue")
        if urlsplit(self.url).hostname in {"127.0.0.1", "localhost", "::1"}:
            return "it lets this machine in"
        return "it lets in everybody who reaches it: keep it off the internet"

    def websocket(self) -> str:
        address = f"ws{self.url.removeprefix('http')}/ws?clientId={uuid4()}"
        try:
            with connect(address, open_timeout=ANSWER_SECONDS) as socket:
                first = json.loads(socket.recv(timeout=ANSWER_SECONDS))
        except ValueError as error:
            raise CommandError("/ws sends no JSON: this is not a ComfyUI") from error
        except (OSError, WebSocketException) as error:
            raise CommandError(f"/ws {why_silent(error)}") from error
        return f"it sends events ({as_object(first).get('type')})"

    def upload(self) -> str:
        picture = BytesIO()
        Image.new("RGB", (SIDE, SIDE), "teal").save(picture, "PNG")
        name = f"comfyfleet-doctor-{self.prompt_id[:8]}.png"
        files = {"image": (name, picture.getvalue(), "image/png")}
        answer = self.ask("POST", "/upload/image", files=files, data={"type": "input"})
        self.uploaded = str(object_in(answer, "/upload/image").get("name", name))
        return f"stored as {self.uploaded}"

    def job(self) -> str:
        if not self.uploaded:
            raise CommandError("not tried, since the upload failed")
        prefix = f"comfyfleet-doctor/{self.prompt_id[:8]}"
        body = {"prompt": probe_graph(self.uploaded, prefix), "prompt_id": self.prompt_id}
        began = time.monotonic()
        sent = self.ask("POST", "/prompt", json=body | {"client_id": str(uuid4())})
        answer = object_in(sent, "/prompt")
        if answer.get("prompt_id") != self.prompt_id:
            raise CommandError("it does not take a prompt_id from the caller")
        if answer.get("node_errors"):
            raise CommandError(
                f"it left out graph nodes: {json.dumps(answer['node_errors'])[:300]}"
            )
        self.outputs = self.wait_for_outputs()
        return f"done in {time.monotonic() - began:.1f} s"

    def wait_for_outputs(self) -> dict[str, Any]:
        deadline = time.monotonic() + JOB_SECONDS
        while time.monotonic() < deadline:
            entry = as_object(self.get(f"/history/{self.prompt_id}").get(self.prompt_id))
            if entry:
                status = as_object(entry.get("status"))
                if status.get("status_str") != "success":
                    raise CommandError(f"it ended as {json.dumps(status)[:300]}")
                return dict(as_object(entry.get("outputs")))
            time.sleep(POLL_SECONDS)
        raise CommandError(f"not in the history after {JOB_SECONDS:.0f} s: {self.queue()}")

    def queue(self) -> str:
        queue = self.get("/queue")
        running, pending = (
            as_array(queue.get("queue_running")),
            as_array(queue.get("queue_pending")),
        )
        return f"{len(running)} running, {len(pending)} waiting"

    def pictures(self) -> str:
        """Both results can be downloaded and have the requested size."""
        for graph_node, side in (("2", SIDE), ("5", SCALED)):
            images = listed(as_object(self.outputs.get(graph_node)), "images")
            if not images:
                raise CommandError(f"graph node {graph_node} has no file in the history")
            keys = ("filename", "subfolder", "type")
            params = {key: str(images[0].get(key, "")) for key in keys}
            content = self.ask("GET", "/view", params=params).content
            try:
                size = Image.open(BytesIO(content)).size
            except OSError as error:
                raise CommandError(f"{params['filename']} is not a picture") from error
            if size != (side, side):
                raise CommandError(f"{params['filename']} is {size}, not {(side, side)}")
        return "both pictures came back whole"

    def interrupt(self) -> str:
        """Interrupting a finished prompt must do nothing.

        Old releases ignore the id and would stop the running prompt, so they are not asked.
        """
        if is_too_old(version := self.release()):
            raise CommandError(f"not tried: ComfyUI {version} would stop the running prompt")
        self.ask("POST", "/queue", json={"delete": [self.prompt_id]})
        self.ask("POST", "/interrupt", json={"prompt_id": self.prompt_id})
        return "it takes delete and interrupt"

    def leftovers(self) -> str:
        """Empty the files that the checks made: ComfyUI deletes none but its temporary ones."""
        made = [{"filename": self.uploaded, "type": "input"}] if self.uploaded else []
        made += listed(as_object(self.outputs.get("2")), "images")
        for file in made:
            place = {key: str(file.get(key, "")) for key in ("subfolder", "type")}
            empty = {"image": (str(file.get("filename")), b"", "application/octet-stream")}
            self.ask("POST", "/upload/image", files=empty, data=place | {"overwrite": "true"})
        return f"{len(made)} files of these checks are emptied"

    def abilities(self) -> str:
        classes = self.get("/object_info")
        checkpoints = as_array(self.ask("GET", "/models/checkpoints").json())
        return f"{len(classes)} graph-node classes, {len(checkpoints)} checkpoints"

    def get(self, path: str) -> dict[str, Any]:
        return object_in(self.ask("GET", path), path)

    def ask(self, method: str, path: str, **request: Any) -> httpx.Response:
        try:
            response = httpx.request(method, f"{self.url}{path}", timeout=ANSWER_SECONDS, **request)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise CommandError(f"{self.url} {why_silent(error)}") from error
        if "application/problem+json" in response.headers.get("content-type", ""):
            raise CommandError(f"{self.url} is a fleet, not a ComfyUI")
        if not response.is_success:
            body = response.text.strip().replace("\n", " ")[:300]
            raise CommandError(f"{path} answers {response.status_code}: {body}")
        return response


def object_in(answer: httpx.Response, path: str) -> dict[str, Any]:
    try:
        found: object = answer.json()
    except ValueError as error:
        raise CommandError(f"{path} is not JSON: this is not a ComfyUI") from error
    if not is_object(found):
        raise CommandError(f"{path} is not a JSON object: this is not a ComfyUI")
    return found


def listed(holder: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """Return the objects of a list that may be missing."""
    return [item for item in as_array(holder.get(key)) if is_object(item)]


def probe_graph(uploaded: str, prefix: str) -> dict[str, Any]:
    """Return a graph that any ComfyUI can run without a model; API format.

    It saves a plain picture, and scales and previews the uploaded one.
    """
    return {
        "1": node("EmptyImage", width=SIDE, height=SIDE, batch_size=1, color=0x2A6F97),
        "2": node("SaveImage", images=["1", 0], filename_prefix=prefix),
        "3": node("LoadImage", image=uploaded),
        "4": node(
            "ImageScale",
            image=["3", 0],
            upscale_method="bilinear",
            width=SCALED,
            height=SCALED,
            crop="disabled",
        ),
        "5": node("PreviewImage", images=["4", 0]),
    }


def node(class_type: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": class_type, "inputs": inputs}
