"""Users for simulations: they submit until they are answered, change jobs and cancel a few."""

from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from contracts.access import Actor, Limits, Priority
from contracts.errors import UnavailableError
from contracts.message import Accepted
from contracts.scheduler.job_changes import DeleteJob, UpdateJob
from contracts.scheduler.job_requests import CancelJob, NewJob, SubmitJob, SubmitJobView
from contracts.scheduler.jobs import JobView

from .simulated_world import BEGIN, SimulatedWorld

OWNERS = [UUID(int=number) for number in range(3)]


@dataclass(slots=True)
class SimulatedUsers:
    world: SimulatedWorld
    wanted: dict[UUID, SubmitJob] = field(default_factory=dict[UUID, SubmitJob])
    """Submissions that were not answered yet."""
    accepted: set[UUID] = field(default_factory=set[UUID])
    """Jobs that were accepted and, as far as we know, not deleted."""
    change_jobs: bool = False
    """Change and delete jobs too."""
    owners: dict[UUID, UUID] = field(default_factory=dict[UUID, UUID])

    def submit(self) -> None:
        random = self.world.random
        deadline = BEGIN + timedelta(seconds=self.world.steady + random.uniform(1, 60))
        job = NewJob(
            job_id=self.world.new_id(),
            workflow="w@1",
            version_hash=random.choice("abc"),
            priority=random.choice(list(Priority)),
            deadline=deadline if random.random() < 0.1 else None,
        )
        actor = Actor(user_id=random.choice(OWNERS), limits=Limits(max_waiting_jobs=20))
        self.owners[job.job_id] = actor.user_id
        self.wanted[job.job_id] = SubmitJob(actor=actor, job=job)

    def act(self) -> None:
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
