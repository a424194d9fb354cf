"""Makes a ComfyUI server an `Engine`: `prompt_id` is the attempt id."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import IO, Any
from uuid import UUID

from contracts.media.attempts import InputFile
from contracts.scheduler.nodes import NodeEntry
from node_agent.engines.comfyui import trial
from node_agent.engines.comfyui.execution import follow
from node_agent.engines.comfyui.http import comfy_http
from node_agent.engines.comfyui.outputs import ComfyFile, ComfyText
from node_agent.engines.comfyui.probe import probe, watch_memory
from node_agent.engines.comfyui.progress import run_of
from node_agent.engines.comfyui.prompts import post, sealed, take_back
from node_agent.engines.comfyui.session import Prompt, Session
from node_agent.engines.comfyui.vitals import Vitals
from node_agent.engines.comfyui.websocket import listen
from node_agent.ports import (
    Description,
    EngineFile,
    EngineTask,
    Execution,
    FileRefusedError,
    Graph,
    Health,
    Patience,
    Place,
    Version,
)
from runtime.process.telemetry import span


@asynccontextmanager
async def open_comfyui(spec: NodeEntry, patience: Patience) -> AsyncGenerator["ComfyUI", None]:
    async with comfy_http(
        spec, probe_timeout=patience.probe_timeout, submit_timeout=patience.submit_timeout
    ) as http:
        session = Session(spec.node_id, http, Vitals(patience.dead_after_seconds))
        try:
            yield ComfyUI(spec, session)
        finally:
            for pending_post in session.posts.values():
                pending_post.cancel()


class ComfyUI:
    """One ComfyUI server."""

    def __init__(self, spec: NodeEntry, session: Session) -> None:
        self._spec = spec
        self._session = session

    async def serve(self, on_health_change: Callable[[], None]) -> None:
        session = self._session
        async with asyncio.TaskGroup() as group:
            group.create_task(probe(session, on_health_change))
            group.create_task(watch_memory(session))
            group.create_task(listen(self._spec, session.connected, session.hear))

    def health(self) -> Health:
        return self._session.health()

    async def describe(self) -> Description:
        return await self._session.http.describe()

    def has_input(self, name: str) -> bool:
        return name in self._session.inputs

    async def upload(self, file: InputFile, content: IO[bytes]) -> None:
        await self._session.http.upload(file.name, content, file.content_type)
        self._session.inputs[file.name] = None

    def prepare(
        self,
        task: EngineTask,
        version: Version,
        inputs: Mapping[str, Any],
        files: Mapping[str, str],
    ) -> Graph:
        return sealed(str(task.attempt_id), version, inputs, files)

    async def run(self, task: EngineTask, graph: Graph) -> Execution:
        prompt = Prompt(task, run_of(graph))
        with self._session.following(prompt):
            with span("post"):
                await post(self._session, prompt, graph)
            with span("execute"):
                return await follow(self._session, prompt)

    async def resume(self, task: EngineTask) -> Execution:
        prompt = Prompt(task, has_worked=True)
        with self._session.following(prompt):
            return await follow(self._session, prompt)

    async def find(self, attempt_id: UUID) -> Place:
        prompt_id = str(attempt_id)
        if prompt_id in await self._session.http.queue():
            return Place.INSIDE
        is_over = await self._session.http.history(prompt_id) is not None
        return Place.ENDED if is_over else Place.UNKNOWN

    async def cancel(self, attempt_id: UUID) -> bool:
        return await take_back(self._session, str(attempt_id))

    async def download(self, file: EngineFile, target: IO[bytes], most_bytes: int) -> None:
        match file:
            case ComfyFile():
                await self._session.http.download(file, target, most_bytes)
            case ComfyText(text=text):
                target.seek(0)
                target.truncate()
                target.write(text.encode())
            case _:
                raise FileRefusedError("This result is none of ComfyUI's.")

    async def trial(self) -> str | None:
        return await trial.trial(self._session)
