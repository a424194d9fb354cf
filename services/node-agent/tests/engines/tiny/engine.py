"""A second engine: servers inside this process that read a graph and paint a picture.

It shows that another kind of server needs one folder; nothing outside knows of it. Its one class
and its description have nothing in common with ComfyUI's.
"""

import asyncio
import hashlib
import io
import json
import zlib
from collections.abc import AsyncGenerator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import IO, Any
from uuid import UUID

from PIL import Image
from pydantic import BaseModel, ConfigDict

from contracts.agent import Cause
from contracts.media.attempts import InputFile
from contracts.scheduler.jobs import Progress
from contracts.scheduler.nodes import Capabilities, ClaimedNode
from node_agent.domain.endings import canceled_error, failed_error
from node_agent.domain.health import Health
from node_agent.engines.settings import engine_settings
from node_agent.ports import (
    Description,
    EngineFile,
    EngineTask,
    EngineWork,
    Execution,
    FileRefusedError,
    Graph,
    UnreachableError,
    Version,
)
from workflows import Spec, render

CLASSES = ["TinyPicture"]


class TinySettings(BaseModel):
    """Settings that a node may give this engine."""

    model_config = ConfigDict(extra="forbid")

    version: str = "1"


@dataclass(eq=False)
class Painting:
    """One attempt on a tiny server."""

    graph: Graph
    task: asyncio.Task[bytes] | None = None
    step: int = 0
    steps: int = 0

    async def paint(self, slot: asyncio.Lock) -> bytes:
        [node] = self.graph.values()
        wanted = node["inputs"]
        async with slot:
            self.steps = wanted["steps"]
            for self.step in range(1, self.steps + 1):  # noqa: B020  shown as progress
                await asyncio.sleep(0.1)
            if wanted["error"]:
                raise ValueError(wanted["error"])
            target = io.BytesIO()
            Image.new("RGB", (wanted["width"], wanted["height"])).save(target, "PNG")
            return target.getvalue()


@dataclass(eq=False)
class TinyServer:
    slot: asyncio.Lock = field(default_factory=asyncio.Lock)
    paintings: dict[UUID, Painting] = field(default_factory=dict[UUID, Painting])
    inputs: dict[str, bytes] = field(default_factory=dict[str, bytes])

    def start(self, attempt_id: UUID, graph: Graph) -> None:
        painting = self.paintings[attempt_id] = Painting(graph)
        painting.task = asyncio.create_task(painting.paint(self.slot))


SERVERS: dict[str, TinyServer] = {}


@asynccontextmanager
async def open_tiny(entry: ClaimedNode) -> AsyncGenerator["TinyEngine", None]:
    yield TinyEngine(entry.base_url, engine_settings(TinySettings, entry))


class TinyEngine:
    def __init__(self, url: str, settings: TinySettings) -> None:
        self._url = url
        self._version = settings.version

    @property
    def server(self) -> TinyServer:
        if server := SERVERS.get(self._url):
            return server
        raise UnreachableError("is not in this process")

    async def watch(self, on_health_change: Callable[[], None]) -> None:
        on_health_change()
        await asyncio.Event().wait()

    def health(self) -> Health:
        if self._url not in SERVERS:
            return Health(reason="is not in this process")
        inside = [id_ for id_, painting in self.server.paintings.items() if is_inside(painting)]
        ids = tuple(map(str, inside))
        return Health(is_reachable=True, reason=None, work_ids=ids, running_ids=ids)

    async def describe(self, *, is_thorough: bool) -> Description:  # noqa: ARG002
        assert self.server
        content = json.dumps({"engine": "tiny", "paints": CLASSES}).encode()
        digest = hashlib.blake2b(content, digest_size=16).hexdigest()
        names = Capabilities(
            digest=digest, engine_version=self._version, classes=CLASSES, models=[]
        )
        return Description(names, zlib.compress(content))

    def keep_input(self, attempt_id: UUID, name: str) -> str:  # noqa: ARG002  (the port gives it)
        return name

    def has_input(self, name: str) -> bool:
        return name in self.server.inputs

    async def upload(self, file: InputFile, content: IO[bytes]) -> None:
        self.server.inputs[file.name] = content.read()

    def prepare(
        self,
        task: EngineTask,  # noqa: ARG002
        version: Version,
        inputs: Mapping[str, Any],
        files: Mapping[str, str],
    ) -> EngineWork:
        return EngineWork(render(version.graph, version.spec, inputs, files))

    async def run(self, task: EngineTask, work: EngineWork) -> Execution:
        self.server.start(task.attempt_id, work.graph)
        return await self.resume(task)

    async def resume(self, task: EngineTask) -> Execution:
        painting = self.server.paintings.get(task.attempt_id)
        if painting is None or painting.task is None:
            raise failed_error(Cause.LOST, "painting_lost", "The tiny server does not know it.")
        showing = asyncio.create_task(show(painting, task))
        try:
            async with asyncio.timeout(task.timeout_seconds):
                await asyncio.wait({painting.task})
        except TimeoutError:
            await self.cancel(task.attempt_id)
            raise failed_error(Cause.TIMEOUT, "attempt_timeout", "It took too long.") from None
        finally:
            showing.cancel()
            if painting.task.done():  # it may have ended before it was shown
                task.stopwatch.begin(is_late=True)
            task.stopwatch.stop()
        if painting.task.cancelled():
            raise canceled_error()
        if error := painting.task.exception():
            raise failed_error(Cause.WORKFLOW, "graph_failed", str(error)) from error
        return Execution(lambda spec: results(spec, task.attempt_id))

    async def has_attempt(self, attempt_id: UUID) -> bool:
        painting = self.server.paintings.get(attempt_id)
        return painting is not None and is_inside(painting)

    async def cancel(self, attempt_id: UUID) -> bool:
        painting = self.server.paintings.get(attempt_id)
        if painting and painting.task and not painting.task.done():
            painting.task.cancel()
            await asyncio.wait({painting.task})
        return True

    async def download(self, file: EngineFile, target: IO[bytes], max_bytes: int) -> None:
        painting = self.server.paintings[UUID(file.filename.removesuffix(".png"))]
        assert painting.task
        content = painting.task.result()
        if len(content) > max_bytes:
            raise FileRefusedError(f"A picture is bigger than {max_bytes} bytes.")
        target.seek(0)
        target.truncate()
        target.write(content)

    async def discard(self, attempt_id: UUID) -> None:
        self.server.paintings.pop(attempt_id, None)

    async def tidy(self, live: Collection[UUID]) -> None:
        for attempt_id in self.server.paintings.keys() - set(live):
            await self.discard(attempt_id)

    async def trial(self) -> str | None:
        return None if self.server else "no server"


def is_inside(painting: Painting) -> bool:
    return painting.task is not None and not painting.task.done()


async def show(painting: Painting, task: EngineTask) -> None:
    while True:
        if painting.steps:
            task.stopwatch.begin()
            fraction = painting.step / painting.steps
            progress = Progress(fraction=fraction, step=painting.step, steps=painting.steps)
            task.progressed(progress)
        await asyncio.sleep(0.02)


def results(spec: Spec, attempt_id: UUID) -> list[EngineFile]:
    [(name, _)] = spec.outputs_in_order
    return [EngineFile(name, 0, "image", f"{attempt_id}.png")]
