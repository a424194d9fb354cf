"""Makes a ComfyUI server an `Engine`: `prompt_id` is the attempt id."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import IO, Any
from uuid import UUID

from pydantic import BaseModel

from contracts.media.attempts import InputFile
from contracts.scheduler.nodes import ClaimedNode
from node_agent.engines.comfyui import trial
from node_agent.engines.comfyui.connection import comfy_http
from node_agent.engines.comfyui.description import described
from node_agent.engines.comfyui.execution import follow
from node_agent.engines.comfyui.inputs import split
from node_agent.engines.comfyui.leftovers import empty_results, empty_unused_inputs, tidy
from node_agent.engines.comfyui.memory import make_room
from node_agent.engines.comfyui.outputs import ComfyFile, ComfyText, ReportedFile
from node_agent.engines.comfyui.probe import probe, watch_memory
from node_agent.engines.comfyui.progress import run_of
from node_agent.engines.comfyui.prompts import post, sealed, take_back
from node_agent.engines.comfyui.replacements import exchanged
from node_agent.engines.comfyui.session import Prompt, Session
from node_agent.engines.comfyui.settings import ComfyUISettings
from node_agent.engines.comfyui.vitals import Vitals
from node_agent.engines.comfyui.websocket import listen
from node_agent.engines.settings import engine_settings
from node_agent.ports import (
    Description,
    EngineFile,
    EngineTask,
    EngineWork,
    Execution,
    FileRefusedError,
    Version,
)
from runtime.process.telemetry import span
from workflows.graph.requirements import models_in


@asynccontextmanager
async def open_comfyui(entry: ClaimedNode, defaults: BaseModel) -> AsyncGenerator["ComfyUI", None]:
    settings = engine_settings(ComfyUISettings, entry, defaults)
    async with comfy_http(entry, settings) as http:
        vitals = Vitals(settings.dead_after_seconds)
        engine = ComfyUI(
            entry,
            http,
            vitals,
            keep_outputs=settings.keep_outputs,
            keep_inputs_seconds=settings.keep_inputs_seconds,
            free_below_mb=settings.free_below_mb,
        )
        try:
            yield engine
        finally:
            for pending_post in engine.posts.values():
                pending_post.cancel()


class ComfyUI(Session):
    """One ComfyUI server."""

    async def watch(self, on_health_change: Callable[[], None]) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(probe(self, on_health_change))
            group.create_task(watch_memory(self))
            group.create_task(listen(self))
            group.create_task(empty_unused_inputs(self))

    async def describe(self, *, is_thorough: bool) -> Description:
        return await described(self, is_thorough=is_thorough)

    def keep_input(self, attempt_id: UUID, name: str) -> str:
        return self.inputs.keep(attempt_id, name)

    def has_input(self, name: str) -> bool:
        return self.inputs.has(name)

    async def upload(self, file: InputFile, content: IO[bytes]) -> None:
        kept = self.inputs.files[file.name]
        async with kept.writing:
            target = ReportedFile(*split(file.name), "input")
            await self.http.put(target, content, file.content_type)
            kept.is_sent = True

    def prepare(
        self,
        task: EngineTask,
        version: Version,
        inputs: Mapping[str, Any],
        files: Mapping[str, str],
    ) -> EngineWork:
        work = sealed(str(task.attempt_id), version, inputs, files, self.separator)
        if self.known is None:
            return work
        return replace(work, graph=exchanged(work.graph, self.known.replacements))

    async def run(self, task: EngineTask, work: EngineWork) -> Execution:
        loaders = frozenset(id_ for id_, _, _ in models_in(work.graph))
        prompt = Prompt(task, run_of(work.graph, self.class_seconds), loaders=loaders)
        with self.following(prompt):
            with span("post"):
                await make_room(self, work.graph)
                await post(self, prompt, work)
            with span("execute"):
                return await follow(self, prompt)

    async def resume(self, task: EngineTask) -> Execution:
        prompt = Prompt(task, has_worked=True)
        with self.following(prompt):
            return await follow(self, prompt)

    async def has_attempt(self, attempt_id: UUID) -> bool:
        return str(attempt_id) in await self.http.queue()

    async def cancel(self, attempt_id: UUID) -> bool:
        return await take_back(self, str(attempt_id))

    async def download(self, file: EngineFile, target: IO[bytes], max_bytes: int) -> None:
        match file:
            case ComfyFile():
                await self.http.download(file, target, max_bytes)
            case ComfyText(text=text):
                target.seek(0)
                target.truncate()
                target.write(text.encode())
            case _:
                raise FileRefusedError("The result file does not come from ComfyUI.")

    async def discard(self, attempt_id: UUID) -> None:
        self.inputs.release(attempt_id)
        if entry := await self.http.history(str(attempt_id)):
            await empty_results(self, str(attempt_id), entry)

    async def tidy(self, live: Collection[UUID]) -> None:
        await tidy(self, live)

    async def trial(self) -> str | None:
        return await trial.trial(self)
