"""Users for simulations: they submit until they are answered, change jobs and cancel a few."""

from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from contracts.access import Actor, Limits, Priority
from contracts.errors import UnavailableError
from contracts.message import Accepted
from contracts.scheduler.batches import (
    BatchItem,
    CancelBatch,
    SubmitBatch,
    SubmitBatchView,
    job_ids,
)
from contracts.scheduler.job_changes import DeleteJob, UpdateJob
from contracts.scheduler.job_requests import (
    CancelJob,
    JobTemplate,
    NewJob,
    Requirements,
    SubmitJob,
    SubmitJobView,
)
from contracts.scheduler.jobs import TERMINAL, JobStatus, JobView

from .simulated_engine import RARE
from .simulated_world import BEGIN, SimulatedWorld

OWNERS = [UUID(int=number) for number in range(3)]
MOST_WAITING = 6
"""Jobs of each owner that may wait."""
NEED = Requirements(models=frozenset((RARE,)))
LIMITED = OWNERS[0]
"""Only a few of this owner's jobs may run at one time."""


@dataclass(slots=True)
class SimulatedUsers:
    world: SimulatedWorld
    wanted: dict[UUID, SubmitJob] = field(default_factory=dict[UUID, SubmitJob])
    """Submissions that were not answered yet."""
    accepted: set[UUID] = field(default_factory=set[UUID])
    """Jobs that were accepted and, as far as we know, not deleted."""
    change_jobs: bool = False
    """Change and delete jobs too."""
    most_running: int | None = 2
    """Jobs of the limited owner that may run at one time."""
    rare: float = 0.1
    """Share of the jobs that need a model file which one node has."""
    owners: dict[UUID, UUID] = field(default_factory=dict[UUID, UUID])
    wanted_batches: dict[UUID, SubmitBatch] = field(default_factory=dict[UUID, SubmitBatch])
    accepted_batches: set[UUID] = field(default_factory=set[UUID])
    canceled_batches: set[UUID] = field(default_factory=set[UUID])
    """Batches whose cancellation was answered."""

    def submit(self) -> None:
        random = self.world.random
        deadline = BEGIN + timedelta(seconds=self.world.steady + random.uniform(1, 60))
        job = NewJob(
            job_id=self.world.new_id(),
            workflow="w@1",
            version_hash=random.choice("abc"),
            priority=random.choice(list(Priority)),
            deadline=deadline if random.random() < 0.1 else None,
            requirements=NEED if random.random() < self.rare else Requirements(),
        )
        actor = Actor(user_id=random.choice(OWNERS), limits=Limits(max_waiting_jobs=MOST_WAITING))
        self.owners[job.job_id] = actor.user_id
        if actor.user_id == LIMITED:
            job = job.model_copy(update={"max_running_jobs": self.most_running})
        self.wanted[job.job_id] = SubmitJob(actor=actor, job=job)

    def submit_batch(self) -> None:
        random = self.world.random
        actor = Actor(user_id=random.choice(OWNERS), limits=Limits(max_waiting_jobs=MOST_WAITING))
        template = JobTemplate(
            workflow="w@1",
            version_hash=random.choice("abc"),
            priority=random.choice(list(Priority)),
            max_running_jobs=self.most_running if actor.user_id == LIMITED else None,
        )
        batch_id = self.world.new_id()
        self.wanted_batches[batch_id] = SubmitBatch(
            actor=actor,
            batch_id=batch_id,
            template=template,
            requirements=[Requirements()],
            items=[BatchItem()] * random.randint(1, 4),
        )

    def act(self) -> None:
        self.act_on_batches()
        random = self.world.random
        for job_id, request in self.wanted.items():
            if random.random() < 0.3:
                self.world.ask(request, lambda answer, job_id=job_id: self.note(job_id, answer))
        if self.accepted and random.random() < 0.05:
            job_id = random.choice(sorted(self.accepted))
            self.world.ask(CancelJob(actor=self.owner_of(job_id), job_id=job_id), lambda _: None)
        if self.change_jobs and self.accepted:
            verb = self.change if random.random() < 0.7 else self.delete
            verb(random.choice(sorted(self.accepted)))

    def change(self, job_id: UUID) -> None:
        random = self.world.random
        command = UpdateJob(
            actor=self.owner_of(job_id),
            job_id=job_id,
            priority=random.choice(list(Priority)),
            labels={"place": random.choice("abc")} if random.random() < 0.5 else None,
        )
        self.world.ask(command, self.note_change)

    def delete(self, job_id: UUID) -> None:
        command = DeleteJob(actor=self.owner_of(job_id), job_id=job_id)
        self.world.ask(command, lambda answer: self.note_deletion(job_id, answer))

    def note_deletion(self, job_id: UUID, answer: object) -> None:
        if isinstance(answer, Accepted):
            assert job_id not in self.world.ledger.jobs, "a deleted job is there"
            self.accepted.discard(job_id)

    def owner_of(self, job_id: UUID) -> Actor:
        return Actor(user_id=self.owners[job_id])

    def note_change(self, answer: object) -> None:
        if isinstance(answer, JobView):
            row = self.world.ledger.jobs.get(answer.id)
            is_newest = row is not None and row.version == answer.version
            stored = row and (row.request.priority, row.request.labels)
            assert not is_newest or stored == (answer.priority, answer.labels), "not durable"

    def note(self, job_id: UUID, answer: object) -> None:
        if isinstance(answer, SubmitJobView):
            known = self.world.ledger.jobs.keys() | self.world.ledger.deleted
            assert job_id in known, "answered before it was durable"
            if job_id in self.wanted:
                self.accepted.add(job_id)
        if isinstance(answer, (SubmitJobView, UnavailableError)):
            self.wanted.pop(job_id, None)

    def act_on_batches(self) -> None:
        world, random = self.world, self.world.random
        for batch_id, request in self.wanted_batches.items():
            if random.random() < 0.3:
                world.ask(request, lambda answer, id_=batch_id: self.note_batch(id_, answer))
        if self.accepted_batches and random.random() < 0.01:
            batch_id = random.choice(sorted(self.accepted_batches))
            actor = Actor(user_id=world.ledger.batches[batch_id].owner_id)
            command = CancelBatch(actor=actor, batch_id=batch_id)
            world.ask(command, lambda answer: self.note_batch_canceled(batch_id, answer))

    def note_batch(self, batch_id: UUID, answer: object) -> None:
        if isinstance(answer, SubmitBatchView):
            assert batch_id in self.world.ledger.batches, "answered before it was durable"
            self.accepted_batches.add(batch_id)
        if isinstance(answer, (SubmitBatchView, UnavailableError)):
            self.wanted_batches.pop(batch_id, None)

    def note_batch_canceled(self, batch_id: UUID, answer: object) -> None:
        assert answer == Accepted()
        self.canceled_batches.add(batch_id)

    def check_batches(self) -> None:
        """A batch is in the database with all its jobs or not at all; once canceled, none waits."""
        rows, found = self.world.ledger.jobs, self.world.ledger.jobs_of_batch
        assert found == {one.id: one.job_count for one in self.world.ledger.batches.values()}
        assert self.accepted_batches <= found.keys(), "an accepted batch is lost"
        over = (JobStatus.CANCELING, *TERMINAL)
        for batch_id in self.canceled_batches:
            jobs = (rows[job_id] for job_id in job_ids(batch_id, found[batch_id]))
            assert all(job.status in over for job in jobs), "a job outlives its batch"
