"""A database for simulations: keeps committed rows, and reads a state back from them.

The row of the leader fences every commit, and the bucket of nodes follows at once.
"""

from collections import Counter
from copy import copy
from dataclasses import dataclass, field
from uuid import UUID

from contracts.scheduler.dispatch import DispatchEvent
from contracts.scheduler.job_events import JobDeleted, JobEvent
from contracts.scheduler.jobs import TERMINAL, JobStatus
from contracts.scheduler.nodes import NodeEntry
from scheduler.domain.context import LoadedRows
from scheduler.domain.effects import Effects, KeyName, KeyUse
from scheduler.domain.jobs import Attempt, Batch, Job
from scheduler.domain.nodes import Contact, Node
from scheduler.domain.state import Dispatch, Limits, State
from scheduler.domain.unread import UnreadJobs
from scheduler.domain.usage import Usage, UsageKey

UNREAD_AT_ONCE = 2
"""A real leader reads hundreds of jobs in a step, and no simulated queue is as long."""


@dataclass(slots=True)
class SimulatedLedger:
    epoch: int = 0
    dispatch: Dispatch = field(default_factory=Dispatch)
    bucket: dict[UUID, NodeEntry] = field(default_factory=dict[UUID, NodeEntry])
    jobs: dict[UUID, Job] = field(default_factory=dict[UUID, Job])
    batches: dict[UUID, Batch] = field(default_factory=dict[UUID, Batch])
    attempts: dict[UUID, Attempt] = field(default_factory=dict[UUID, Attempt])
    nodes: dict[UUID, Node] = field(default_factory=dict[UUID, Node])
    keys: dict[KeyName, KeyUse] = field(default_factory=dict[KeyName, KeyUse])
    usage: dict[UsageKey, Usage] = field(default_factory=dict[UsageKey, Usage])
    versions: dict[UUID, int] = field(default_factory=dict[UUID, int])
    ended: dict[UUID, JobStatus] = field(default_factory=dict[UUID, JobStatus])
    deleted: set[UUID] = field(default_factory=set[UUID])
    attempts_of: dict[UUID, list[UUID]] = field(default_factory=dict[UUID, list[UUID]])
    """All attempts of each job, oldest first."""
    jobs_of_batch: Counter[UUID] = field(default_factory=Counter[UUID])

    def acquire(self) -> int:
        """Give the lead to a new process; return its epoch."""
        self.epoch += 1
        return self.epoch

    def commit(self, effects: Effects, epoch: int) -> bool:
        """Write all or nothing; return False if another process leads."""
        if epoch != self.epoch:
            return False
        self.write(effects)
        return True

    def write(self, effects: Effects) -> None:
        self.count_jobs_of_batches(effects)
        self.write_jobs(effects)
        for batch in effects.batches.values():
            assert batch.id not in self.batches, "a batch is accepted twice"
        self.batches.update(effects.batches)
        self.keys.update(effects.keys)
        for key, usage in effects.usage.items():
            self.usage[key] = self.usage.get(key, Usage()) + usage
        self.write_nodes(effects)
        if effects.dispatch:
            changes = sum(isinstance(fact, DispatchEvent) for fact in effects.events)
            assert effects.dispatch.version == self.dispatch.version + changes
            self.dispatch = effects.dispatch
        for fact in effects.events:
            if isinstance(fact, JobEvent):
                self.publish(fact)

    def write_nodes(self, effects: Effects) -> None:
        for node in (*effects.nodes.values(), *effects.capabilities.values()):
            self.nodes[node.id] = stored_node(node)
        for node_id in effects.removed_nodes:
            self.nodes.pop(node_id, None)
        for node_id, entry in effects.node_entries.items():
            if entry:
                self.bucket[node_id] = entry
            else:
                self.bucket.pop(node_id, None)

    def count_jobs_of_batches(self, effects: Effects) -> None:
        new = [job.request.batch_id for job in effects.new_jobs.values()]
        gone = [self.jobs[job_id].request.batch_id for job_id in effects.deleted_jobs]
        self.jobs_of_batch.update(batch_id for batch_id in new if batch_id)
        self.jobs_of_batch.subtract(batch_id for batch_id in gone if batch_id)

    def write_jobs(self, effects: Effects) -> None:
        for job in (*effects.new_jobs.values(), *effects.changed_jobs.values()):
            before = self.jobs.get(job.id)
            self.jobs[job.id] = row = stored_job(job)
            if before and job.id not in effects.changed_requests:
                row.request = before.request
        for attempt in effects.attempts.values():
            if attempt.id not in self.attempts:
                self.attempts_of.setdefault(attempt.job.id, []).append(attempt.id)
            self.attempts[attempt.id] = copy(attempt)
        for job_id in effects.deleted_jobs:
            del self.jobs[job_id]
            of_job = (self.attempts[one] for one in self.attempts_of.get(job_id, ()))
            assert all(attempt.ended_at for attempt in of_job), "a job is deleted that goes on"

    def publish(self, fact: JobEvent) -> None:
        """Hold every event against those before it: no gap, no repeat, one ending."""
        assert fact.version == self.versions.get(fact.job_id, 0) + 1, fact
        assert fact.job_id not in self.deleted, f"{fact} after its deletion"
        self.versions[fact.job_id] = fact.version
        if isinstance(fact, JobDeleted):
            assert fact.job_id in self.ended, "a job is deleted that is not over"
            self.deleted.add(fact.job_id)
            return
        assert fact.job_id not in self.ended, f"{fact} after {self.ended[fact.job_id]}"
        if fact.status in TERMINAL:
            self.ended[fact.job_id] = fact.status

    def look_up(
        self, jobs: list[UUID], names: list[KeyName], batches: list[UUID], state: State
    ) -> LoadedRows:
        keys = {name: self.keys[name] for name in names if name in self.keys}
        named_jobs = {*jobs, *(use.created_id for use in keys.values())}
        ids = (named_jobs | {*state.unread.next()}) - state.jobs.keys()
        found = {i: stored_job(self.jobs[i]) for i in ids if i in self.jobs}
        named = {i: self.batches[i] for i in batches if i in self.batches}
        return LoadedRows(found, keys, named, state.unread.next())

    def load(self, limits: Limits) -> State:
        state = State(limits, dispatch=self.dispatch)
        state.nodes = {node.id: stored_node(node) for node in self.nodes.values()}
        live = {row.job.id for row in self.attempts.values() if row.ended_at is None}
        waiting = dict[UUID, UUID]()
        for row in self.jobs.values():
            if row.status is JobStatus.QUEUED and row.id not in live:
                waiting[row.id] = row.owner_id
            elif row.status not in TERMINAL:
                state.add_job(stored_job(row))
        state.unread = UnreadJobs(waiting, UNREAD_AT_ONCE)
        for row in self.attempts.values():
            if row.ended_at is None:
                job = state.jobs[row.job.id]
                attempt = Attempt(
                    row.id, job, row.node_id, row.number, row.created_at, is_inherited=True
                )
                state.restore_attempt(attempt)
        return state


def stored_job(job: Job) -> Job:
    row = copy(job)
    row.retry, row.end, row.attempt = copy(job.retry), copy(job.end), None
    row.not_before, row.patient_until = None, 0.0
    row.retry.strikes = dict(job.retry.strikes)
    return row


def stored_node(node: Node) -> Node:
    row = copy(node)
    row.health, row.contact = copy(node.health), Contact()
    row.attempts, row.refused_versions = {}, {}
    row.refusals, row.rests_until, row.given_at, row.trial_due_at = 0, 0.0, 0.0, 0.0
    return row
