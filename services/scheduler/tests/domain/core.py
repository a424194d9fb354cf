"""The core with a clock, for tests: tell it what occurs, and look at its effects."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from contracts.access import Actor, IdempotencyKey
from contracts.agent import AttemptEnd, Cause, FinishAttempt, Outcome
from contracts.errors import OperationError
from contracts.message import Command
from contracts.scheduler.batches import BatchItem, SubmitBatch
from contracts.scheduler.claims import (
    AttemptPhase,
    BeatAttempt,
    ClaimNode,
    NodeBeat,
    ReportCapabilities,
)
from contracts.scheduler.job_requests import (
    CancelJob,
    JobTemplate,
    ModelFile,
    NewJob,
    Requirements,
    SubmitJob,
)
from contracts.scheduler.jobs import JobError, JobStatus
from contracts.scheduler.node_requests import AddNode
from contracts.scheduler.nodes import Capabilities, Device, NewNode
from contracts.values import new_id
from scheduler.domain.context import LoadedRows, Now, StepContext
from scheduler.domain.core import step
from scheduler.domain.effects import Answer, Effects
from scheduler.domain.jobs import Attempt, Job
from scheduler.domain.nodes import Node
from scheduler.domain.occurrences import ClockTicked, Occurrence, OrderAnswered, Requested
from scheduler.domain.state import State

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
OWNER = Actor(user_id=new_id())


@dataclass
class Core:
    state: State = field(default_factory=State)
    loaded: LoadedRows = field(default_factory=LoadedRows)
    seconds: float = 0.0
    wall_jump: timedelta = timedelta()
    silent: set[UUID] = field(default_factory=set[UUID])
    """Nodes that do not beat while time passes."""
    effects: Effects = field(default_factory=Effects)

    @property
    def now(self) -> Now:
        return Now(BEGIN + self.wall_jump + timedelta(seconds=self.seconds), self.seconds)

    def say(self, *occurrences: Occurrence) -> Effects:
        self.effects = step(self.state, occurrences, self.loaded, self.now, new_id)
        return self.effects

    def ask(self, command: Command[Any]) -> Answer:
        return self.say(Requested(0, command)).answers[0][1]

    def refusal(self, command: Command[Any]) -> str:
        answer = self.ask(command)
        assert isinstance(answer, OperationError), answer
        return answer.code

    def read_context(self) -> StepContext:
        return StepContext(self.state, self.loaded, self.now, new_id)

    def pass_time(self, seconds: float) -> list[str]:
        """Let nodes beat, truly, while time passes; return the names of the events meanwhile."""
        told: list[str] = []
        for _ in range(round(seconds * 2)):
            self.seconds += 0.5
            beats = [self.beat(n) for n in self.state.nodes.values() if n.id not in self.silent]
            told += [type(fact).__name__ for fact in self.say(*beats, ClockTicked()).events]
        return told

    def beat(self, node: Node, phase: AttemptPhase = AttemptPhase.POSTED) -> NodeBeat:
        attempts = [
            BeatAttempt(attempt_id=a.id, phase=a.phase or phase) for a in node.attempts.values()
        ]
        return NodeBeat(
            node_id=node.id,
            claim=node.claim,
            is_reachable=True,
            attempts=attempts,
            passed_trial=node.health.trial,
        )

    def node(self, *, models: Sequence[ModelFile] = (), vram_mb: int = 8_000, **spec: Any) -> Node:
        """Add a node that an agent has claimed, and that is ready."""
        node_id = new_id()
        new = NewNode(name="n", base_url=f"http://10.0.0.1/{node_id}").model_copy(update=spec)
        self.ask(AddNode(actor=OWNER, node_id=node_id, node=new))
        self.ask(ClaimNode(agent_id=new_id(), node_id=node_id))
        node = self.state.nodes[node_id]
        self.report(node, models=models, vram_mb=vram_mb)
        self.say(self.beat(node))
        return node

    def report(self, node: Node, *, models: Sequence[ModelFile], vram_mb: int) -> None:
        can = Capabilities(
            digest=str(new_id()), engine_version="1", classes=["A"], models=list(models)
        )
        devices = [Device(name="gpu", vram_total_mb=vram_mb)]
        self.ask(
            ReportCapabilities(node_id=node.id, claim=node.claim, devices=devices, capabilities=can)
        )

    def job(self, actor: Actor = OWNER, models: Sequence[ModelFile] = (), **spec: Any) -> Job:
        """Submit a job; it starts at once if a node is free."""
        request = a_submit(actor, models, **spec)
        self.ask(request)
        return self.state.jobs[request.job.job_id]

    def order_answer(
        self, attempt: Attempt, refusal: OperationError | None = None
    ) -> OrderAnswered:
        """Have the attempt's node answer its order."""
        claim = self.state.nodes[attempt.node_id].claim
        return OrderAnswered(attempt.id, claim, refusal)

    def finish(
        self, attempt: Attempt, cause: Cause | None = None, error: JobError | None = None
    ) -> Answer:
        """Have the attempt's node report its end."""
        node = self.state.nodes[attempt.node_id]
        outcome = Outcome.FAILED if cause else Outcome.COMPLETED
        end = AttemptEnd(outcome=outcome, cause=cause, error=error, executed_seconds=2.0)
        return self.ask(
            FinishAttempt(node_id=node.id, claim=node.claim, attempt_id=attempt.id, end=end)
        )

    def fail(self, job: Job, cause: Cause) -> JobStatus:
        """Fail the job's live attempt, then let the delay of its next try pass."""
        self.finish(attempt_of(job), cause)
        if job.status is JobStatus.QUEUED:
            self.pass_time(40)
        return job.status

    def cancel(self, job: Job, actor: Actor = OWNER) -> Answer:
        return self.ask(CancelJob(actor=actor, job_id=job.id))


def a_submit(
    actor: Actor = OWNER,
    models: Sequence[ModelFile] = (),
    key: IdempotencyKey | None = None,
    **spec: Any,
) -> SubmitJob:
    job = NewJob(
        job_id=new_id(),
        workflow="w@1",
        version_hash="h",
        requirements=Requirements(models=frozenset(models)),
    )
    return SubmitJob(actor=actor, job=job.model_copy(update=spec), idempotency=key)


def a_batch(
    count: int,
    actor: Actor = OWNER,
    key: IdempotencyKey | None = None,
    requirements: Sequence[Requirements] = (Requirements(),),
    **template: Any,
) -> SubmitBatch:
    """Return a batch whose items differ in their seeds."""
    shared = JobTemplate(workflow="w@1", version_hash="h").model_copy(update=template)
    return SubmitBatch(
        actor=actor,
        batch_id=new_id(),
        template=shared,
        requirements=list(requirements),
        items=[BatchItem(inputs={"seed": seed}, seed=seed) for seed in range(count)],
        idempotency=key,
    )


def attempt_of(job: Job) -> Attempt:
    assert job.attempt, job.status
    return job.attempt


def a_model(name: str) -> ModelFile:
    return ModelFile(folder="checkpoints", name=name)
