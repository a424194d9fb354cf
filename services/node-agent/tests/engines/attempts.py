"""Attempts of an engine's own workflows, as the contract suite runs them."""

from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from contracts.scheduler.jobs import Progress
from contracts.values import new_id
from node_agent.domain.stopwatch import Stopwatch
from node_agent.ports import Engine, EngineTask, Execution, Version
from workflows import WorkflowVersion


class Workflows(Protocol):
    """The workflows of one engine."""

    def quick(self) -> WorkflowVersion: ...
    def slow(self, steps: int) -> WorkflowVersion:
        """Takes 0.1 s a step, and shows each."""
        ...

    def failing(self, message: str) -> WorkflowVersion: ...


@dataclass
class Heard:
    """An attempt of a workflow version, and the progress that its engine showed."""

    version: Version
    timeout_seconds: float = 60.0
    attempt_id: UUID = field(default_factory=new_id)
    progress: list[Progress] = field(default_factory=list[Progress])
    stopwatch: Stopwatch = field(default_factory=Stopwatch)

    @property
    def task(self) -> EngineTask:
        return EngineTask(
            attempt_id=self.attempt_id,
            timeout_seconds=self.timeout_seconds,
            progressed=self.progress.append,
            previewed=lambda _: None,
            is_watched=lambda: False,
            stopwatch=self.stopwatch,
        )

    @property
    def measured_seconds(self) -> float:
        assert self.stopwatch.seconds is not None, "the engine did not measure the execution"
        return self.stopwatch.seconds

    async def run(self, engine: Engine) -> Execution:
        return await engine.run(self.task, engine.prepare(self.task, self.version, {}, {}))


def of(version: WorkflowVersion, timeout_seconds: float = 60.0) -> Heard:
    return Heard(version, timeout_seconds)
