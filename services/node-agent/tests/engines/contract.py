"""The promises that every engine keeps, as tests: an engine's folder subclasses `EngineContract`.

Each engine brings three workflows of its own classes, which need no model: `quick`, `slow` and
`failing`. They make one picture of 64 by 48 pixels.
"""

import asyncio
import hashlib
import io
import json
import zlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import ClassVar

import pytest
from PIL import Image

from contracts.agent import Cause, Outcome
from contracts.errors import InvalidError
from contracts.media.attempts import InputFile
from contracts.scheduler.nodes import ClaimedNode
from contracts.values import new_id
from node_agent.domain.endings import AttemptEndedError
from node_agent.ports import (
    Engine,
    Execution,
    FileRefusedError,
    OpenEngine,
    UnreachableError,
)
from runtime.testing.ports import eventually

from .attempts import Heard, Workflows, of

MAX_BYTES = 1024**2


async def picture(engine: Engine, execution: Execution, attempt: Heard) -> tuple[int, int]:
    """Size of the one picture that the attempt made."""
    [file] = execution.results_for(attempt.version.spec)
    content = io.BytesIO(b"what an earlier try left" * 1_000)
    await engine.download(file, content, MAX_BYTES)
    assert b"left" not in content.getvalue()
    with pytest.raises(FileRefusedError):
        await engine.download(file, io.BytesIO(), 10)
    with Image.open(content) as image:
        return image.size


async def stopped(task: asyncio.Task[Execution]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError, AttemptEndedError):
        await task


class EngineContract:
    name: ClassVar[str]
    open_engine: ClassVar[OpenEngine]
    workflows: ClassVar[Workflows]

    @pytest.fixture
    def url(self) -> str:
        """Where a server of this engine listens."""
        raise NotImplementedError

    @pytest.fixture
    def nowhere(self) -> str:
        """Where none listens."""
        raise NotImplementedError

    @asynccontextmanager
    async def session(self, url: str) -> AsyncGenerator[Engine, None]:
        """An engine that has seen its server; each session is a new claim's."""
        entry = ClaimedNode(node_id=new_id(), name="n", base_url=url, engine=self.name)
        changed = asyncio.Event()
        async with type(self).open_engine(entry) as engine:
            watching = asyncio.create_task(engine.watch(changed.set))
            try:
                await asyncio.wait_for(changed.wait(), 10)
                yield engine
            finally:
                watching.cancel()
                with suppress(asyncio.CancelledError):
                    await watching

    @pytest.fixture
    async def engine(self, url: str) -> AsyncGenerator[Engine, None]:
        async with self.session(url) as engine:
            yield engine

    async def inside(self, engine: Engine, attempt: Heard) -> asyncio.Task[Execution]:
        task = asyncio.create_task(attempt.run(engine))

        async def is_inside() -> bool:
            return await engine.has_attempt(attempt.attempt_id)

        await eventually(is_inside)
        return task

    async def test_a_server_is_described_under_one_digest(self, engine: Engine) -> None:
        one = await engine.describe(is_thorough=True)
        two = await engine.describe(is_thorough=False)

        assert one.capabilities == two.capabilities
        for version in self.workflows.quick(), self.workflows.slow(1):
            used = {node["class_type"] for node in version.graph.values()}
            assert used <= set(one.capabilities.classes)
        content = zlib.decompress(one.packed)
        assert json.loads(content)["engine"] == self.name
        digest = hashlib.blake2b(content, digest_size=16).hexdigest()
        assert one.capabilities.digest == digest

    async def test_a_server_that_answers_is_usable(self, engine: Engine) -> None:
        health = engine.health()

        assert health.is_usable
        assert health.reason is None

    async def test_an_unknown_setting_is_refused_by_name(self, url: str) -> None:
        entry = ClaimedNode(
            node_id=new_id(), name="n", base_url=url, engine=self.name, engine_settings={"x": 1}
        )
        with pytest.raises(InvalidError, match="'x' is unknown"):
            async with type(self).open_engine(entry):
                raise AssertionError("it was opened")

    async def test_a_server_that_is_not_there_says_why(self, nowhere: str) -> None:
        entry = ClaimedNode(node_id=new_id(), name="n", base_url=nowhere, engine=self.name)
        async with type(self).open_engine(entry) as engine:
            assert not engine.health().is_reachable
            assert engine.health().reason
            with pytest.raises(UnreachableError):
                await engine.describe(is_thorough=True)
            with pytest.raises(UnreachableError):
                await engine.has_attempt(new_id())

    async def test_an_attempt_runs_to_its_results_and_shows_progress(self, engine: Engine) -> None:
        attempt = of(self.workflows.slow(5))
        execution = await attempt.run(engine)

        assert await picture(engine, execution, attempt) == (64, 48)
        assert any(seen.step for seen in attempt.progress)
        shown = [seen.fraction for seen in attempt.progress]
        assert shown == sorted(shown)
        assert attempt.measured_seconds >= 0.4

    async def test_a_failure_has_a_cause_and_a_reason(self, engine: Engine) -> None:
        attempt = of(self.workflows.failing("a reason"))
        with pytest.raises(AttemptEndedError) as ended:
            await attempt.run(engine)

        assert attempt.measured_seconds >= 0, "what failed has used the server too"
        end = ended.value.end
        assert (end.outcome, end.cause) == (Outcome.FAILED, Cause.WORKFLOW)
        assert end.error
        assert end.error.message == "a reason"

    async def test_an_attempt_that_takes_too_long_is_stopped(self, engine: Engine) -> None:
        attempt = of(self.workflows.slow(200), timeout_seconds=0.3)
        with pytest.raises(AttemptEndedError) as ended:
            await attempt.run(engine)

        assert ended.value.end.cause is Cause.TIMEOUT
        assert attempt.measured_seconds >= 0.2
        assert not await engine.has_attempt(attempt.attempt_id)

    async def test_an_unknown_attempt_is_lost(self, engine: Engine) -> None:
        attempt = of(self.workflows.quick())

        assert not await engine.has_attempt(attempt.attempt_id)
        with pytest.raises(AttemptEndedError) as ended:
            await engine.resume(attempt.task)
        assert ended.value.end.cause is Cause.LOST

    async def test_an_attempt_that_ended_is_found_by_the_next_session(self, url: str) -> None:
        attempt = of(self.workflows.quick())
        async with self.session(url) as first:
            await attempt.run(first)
        async with self.session(url) as second:
            assert not await second.has_attempt(attempt.attempt_id)
            execution = await second.resume(attempt.task)

            assert await picture(second, execution, attempt) == (64, 48)

    async def test_a_running_attempt_is_followed_by_the_next_session(self, url: str) -> None:
        attempt = of(self.workflows.slow(15))
        async with self.session(url) as first:
            await stopped(await self.inside(first, attempt))
        async with self.session(url) as second:
            assert await second.has_attempt(attempt.attempt_id)
            execution = await second.resume(attempt.task)

            assert await picture(second, execution, attempt) == (64, 48)

    async def test_queued_and_running_attempts_are_canceled(self, engine: Engine) -> None:
        running, queued = of(self.workflows.slow(200)), of(self.workflows.slow(200))
        tasks = [await self.inside(engine, attempt) for attempt in (running, queued)]
        await eventually(lambda: str(queued.attempt_id) in engine.health().work_ids)

        await self.cancels(engine, queued, tasks[1])
        assert await engine.has_attempt(running.attempt_id)
        await self.cancels(engine, running, tasks[0])

    async def cancels(self, engine: Engine, attempt: Heard, task: asyncio.Task[Execution]) -> None:
        await stopped(task)
        assert await engine.has_attempt(attempt.attempt_id)
        assert await engine.cancel(attempt.attempt_id)
        assert not await engine.has_attempt(attempt.attempt_id)
        assert str(attempt.attempt_id) not in engine.health().work_ids

    async def test_canceling_an_unknown_attempt_does_nothing(self, engine: Engine) -> None:
        assert await engine.cancel(new_id())

    async def test_an_input_is_known_once_it_was_sent(self, engine: Engine) -> None:
        name = engine.keep_input(new_id(), f"cf/{new_id().hex}.png")
        file = InputFile(
            media_id=new_id(), name=name, url="", content_type="image/png", size_bytes=4
        )
        assert not engine.has_input(name)
        for _ in range(2):
            await engine.upload(file, io.BytesIO(b"\x89PNG"))

        assert engine.has_input(name)

    async def test_a_server_that_works_passes_the_trial(self, engine: Engine) -> None:
        assert await engine.trial() is None
