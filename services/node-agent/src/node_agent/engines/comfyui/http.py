"""Speaks HTTP with ComfyUI (workflows.compatibility.releases has the oldest release)."""

import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import IO, Any, cast

import httpx

from contracts.errors import InvalidError
from contracts.scheduler.nodes import Device
from node_agent.engines.comfyui.outputs import ComfyFile, ReportedFile
from node_agent.engines.comfyui.shapes import is_number, parsed, parsed_or_none, texts
from node_agent.engines.comfyui.trouble import NO_COMFYUI, first_part, why_silent, why_useless
from node_agent.engines.comfyui.vitals import QueueView
from node_agent.handlers.files import write_all
from node_agent.ports import FileRefusedError, UnreachableError
from workflows.json_values import as_array, as_object

NOT_COMFYUI = frozenset({401, 403, 407, 408, 429, 502, 503, 504})
"""Statuses that come from a proxy or a login page in front of ComfyUI."""
SLOW_SECONDS = 30.0
"""Timeout of large transfers: object_info, uploads, files."""
WINDOWS = ("win32", "nt")
OK, SERVER_ERROR = 200, 500
MEGABYTE = 1024**2
NODE_KEY = "comfyfleet_node"
"""Key of `extra_data` under which a prompt names its node; `/queue` shows it to everybody."""


class RefusedPromptError(InvalidError):
    """ComfyUI refused the prompt; `answer` gives the reason in ComfyUI's format."""

    code = "refused"

    def __init__(self, status: int, answer: object) -> None:
        super().__init__(f"ComfyUI answered {status} to the prompt.")
        self.status = status
        self.answer = answer

    @property
    def is_certain(self) -> bool:
        """Return whether the prompt is surely not queued."""
        return self.status < SERVER_ERROR


@dataclass(frozen=True, slots=True)
class Submitted:
    """ComfyUI took a prompt; `node_errors` names outputs that it silently leaves out."""

    prompt_id: str
    node_errors: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Stats:
    version: str
    devices: list[Device]
    separator: str
    """Between folders in the names of its model files."""


class ComfyHttp:
    """A ComfyUI server over HTTP.

    Every call raises UnreachableError if the server does not answer in time.
    """

    def __init__(
        self, client: httpx.AsyncClient, submit_timeout_seconds: float, tls: ssl.SSLContext
    ) -> None:
        self.tls = tls
        """Authorities to trust, also for the WebSocket."""
        self._client = client
        self._submit_timeout = submit_timeout_seconds

    async def queue(self) -> QueueView:
        answer = as_object(await self._get("/queue"))
        if not {"queue_running", "queue_pending"} <= answer.keys():
            raise UnreachableError(NO_COMFYUI)
        running, pending = as_array(answer["queue_running"]), as_array(answer["queue_pending"])
        return QueueView(ids(running), ids(pending), node_ids([*running, *pending]))

    async def history(self, prompt_id: str) -> dict[str, Any] | None:
        """Return the history entry of an ended prompt; None if it runs or ComfyUI forgot it."""
        entry = as_object(await self._get(f"/history/{prompt_id}")).get(prompt_id)
        return cast("dict[str, Any]", entry) if isinstance(entry, dict) else None

    async def newest(self, most: int) -> Mapping[str, Any]:
        """Return the newest entries of the history by prompt id."""
        return as_object(await self._get("/history", params={"max_items": most}))

    async def queued(self) -> list[object]:
        """Return the prompts that run or wait, each with its graph."""
        answer = as_object(await self._get("/queue"))
        return [*as_array(answer.get("queue_running")), *as_array(answer.get("queue_pending"))]

    async def submit(self, body: dict[str, Any]) -> Submitted:
        """Raises RefusedPromptError; after a status of 500 the prompt may yet be queued."""
        response = await self._send("POST", "/prompt", json=body, timeout=self._submit_timeout)
        match answer := parsed_or_none(response.content):
            case {"prompt_id": str(prompt_id)} if response.status_code == OK:
                errors = cast("dict[str, Any]", answer).get("node_errors")
                return Submitted(prompt_id, dict(as_object(errors)))
            case _:
                raise RefusedPromptError(response.status_code, answer)

    async def delete(self, prompt_id: str) -> None:
        """Remove the prompt from the queue, if it is pending."""
        await self._send("POST", "/queue", json={"delete": [prompt_id]})

    async def interrupt(self, prompt_id: str) -> None:
        """Stop the prompt, if it runs; seen only at graph-node starts and sampler steps."""
        await self._send("POST", "/interrupt", json={"prompt_id": prompt_id})

    async def free(self) -> None:
        """Free the memory of models and results."""
        await self._send("POST", "/free", json={"unload_models": True, "free_memory": True})

    async def put(self, file: ReportedFile, source: IO[bytes], content_type: str) -> None:
        """Write a file of its input or output folder, or overwrite it. Raises FileRefusedError."""
        source.seek(0)
        response = await self._send(
            "POST",
            "/upload/image",
            data={"subfolder": file.subfolder, "type": file.folder, "overwrite": "true"},
            files={"image": (file.filename, source, content_type)},
            timeout=SLOW_SECONDS,
        )
        if response.status_code != OK:
            raise FileRefusedError(f"ComfyUI answered {response.status_code} to a file.")
        stored = as_object(body_of(response))
        if (stored.get("subfolder"), stored.get("name")) != (file.subfolder, file.filename):
            raise FileRefusedError("ComfyUI stored a file under another name.")

    async def download(self, file: ComfyFile, target: IO[bytes], max_bytes: int) -> None:
        """Write from the target's beginning. Raises FileRefusedError, NoSpaceError."""
        query = {"filename": file.filename, "subfolder": file.subfolder, "type": file.folder}
        try:
            async with self._client.stream(
                "GET", "/view", params=query, timeout=SLOW_SECONDS
            ) as response:
                if response.status_code in NOT_COMFYUI:
                    raise UnreachableError(why_useless(response.status_code, "/view"))
                if response.status_code != OK:
                    text = f"ComfyUI answered {response.status_code} to {file.filename}."
                    raise FileRefusedError(text)
                too_big = FileRefusedError(f"A result is bigger than {max_bytes} bytes.")
                await write_all(response.aiter_bytes(MEGABYTE), target, max_bytes, too_big)
        except httpx.RequestError as error:
            raise UnreachableError(why_silent(error)) from error

    async def headers(self, file: ReportedFile) -> httpx.Headers | None:
        """Return the headers of a file without its content; None if there is no such file."""
        query = {"filename": file.filename, "subfolder": file.subfolder, "type": file.folder}
        response = await self._send("HEAD", "/view", params=query)
        return response.headers if response.status_code == OK else None

    async def stats(self) -> Stats:
        answer = as_object(await self._get("/system_stats"))
        system = as_object(answer.get("system"))
        version = system.get("comfyui_version", "unknown")
        devices = [device_of(as_object(device)) for device in as_array(answer.get("devices"))]
        separator = "\\" if system.get("os") in WINDOWS else "/"
        return Stats(str(version), devices, separator)

    async def classes(self) -> Mapping[str, Any]:
        """Return `object_info`: 1.6 MB in ComfyUI 0.33, which answers nobody else for 0.3 s."""
        return as_object(await self._get("/object_info", timeout=SLOW_SECONDS))

    async def replacements(self) -> object:
        """Return the classes that the server exchanges; None if it exchanges none (before 0.14)."""
        response = await self._send("GET", "/node_replacements")
        return parsed_or_none(response.content) if response.status_code == OK else None

    async def models(self) -> dict[str, list[str]]:
        """Return the names of the model files by folder."""
        folders = texts(await self._get("/models"))
        return {folder: texts(await self._get(f"/models/{folder}")) for folder in folders}

    async def _get(self, path: str, **options: Any) -> object:
        response = await self._send("GET", path, **options)
        if response.status_code != OK:
            raise UnreachableError(why_useless(response.status_code, first_part(path)))
        return body_of(response)

    async def _send(self, method: str, path: str, **options: Any) -> httpx.Response:
        try:
            response = await self._client.request(method, path, **options)
        except (httpx.RequestError, httpx.InvalidURL) as error:
            raise UnreachableError(why_silent(error)) from error
        if response.status_code in NOT_COMFYUI:
            raise UnreachableError(why_useless(response.status_code, first_part(path)))
        return response


def body_of(response: httpx.Response) -> object:
    try:
        return parsed(response.content)
    except ValueError as error:
        raise UnreachableError(NO_COMFYUI) from error


def ids(entries: Iterable[object]) -> tuple[str, ...]:
    """Entries are [number, prompt id, graph, extra data, outputs]."""
    found = (as_array(entry)[1] for entry in entries if as_array(entry)[1:])
    return tuple(prompt_id for prompt_id in found if isinstance(prompt_id, str))


def node_ids(entries: Iterable[object]) -> dict[str, str]:
    """Return the node, of this fleet or another, for which each prompt was posted."""
    found = (as_array(entry) for entry in entries if as_array(entry)[3:])
    named = ((entry[1], as_object(entry[3]).get(NODE_KEY)) for entry in found)
    return {id_: name for id_, name in named if isinstance(id_, str) and isinstance(name, str)}


def device_of(fields: Any) -> Device:
    return Device(
        name=str(fields.get("name", "unknown"))[:200],
        vram_total_mb=megabytes(fields.get("vram_total")),
        vram_free_mb=megabytes(fields.get("vram_free")),
    )


def megabytes(value: object) -> int:
    return int(value) // MEGABYTE if is_number(value) and value > 0 else 0
