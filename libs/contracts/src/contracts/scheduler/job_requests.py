"""Requests of the gateway to the scheduler: submit, cancel, find and list jobs."""

from typing import Any, ClassVar, Literal, TypeAlias
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from contracts.access import IdempotencyKey, Priority, UserCommand, UserQuery
from contracts.message import Query
from contracts.scheduler.jobs import JobList, JobPage, JobStatus, JobView
from contracts.values import LabelFilter, QueryText, ReferenceText, Unmet, UtcTime


class ModelFile(BaseModel):
    """One model file that a graph loads."""

    model_config = ConfigDict(frozen=True)

    folder: str = Field(description="Model folder of the engine: `checkpoints`, `loras`.")
    name: str = Field(description="File name as the engine lists it.")


class Incompatible(BaseModel):
    """Servers that refuse a graph although they may have its classes and model files."""

    model_config = ConfigDict(frozen=True)

    digests: frozenset[str] = Field(description="Digests of the servers' descriptions.")
    unmet: tuple[Unmet, ...] = Field(description="Requirements that none of these servers meets.")


class Requirements(BaseModel):
    """Everything that a node must have to run a graph; derived from the rendered graph."""

    model_config = ConfigDict(frozen=True)

    classes: frozenset[str] = frozenset()
    models: frozenset[ModelFile] = frozenset()
    incompatible: tuple[Incompatible, ...] = Field(
        default=(), description="Servers known to refuse the graph; other servers may take it."
    )
    doubtful: tuple[Incompatible, ...] = Field(
        default=(),
        description="Servers that may refuse values of the graph; only a trial tells.",
    )


class JobTemplate(BaseModel):
    """Everything about a job but its id: a batch has one for all its jobs."""

    model_config = ConfigDict(frozen=True)

    workflow: str = Field(description="`name@version`, or `graph@hash`.")
    version_hash: str = Field(description="Key of the version in the bucket `workflows`.")
    inputs: dict[str, Any] = Field(default_factory=dict)
    media: list[UUID] = Field(
        default_factory=list[UUID], description="Ids of the media that the inputs name."
    )
    seed: int | None = None
    requirements: Requirements = Requirements()
    priority: Priority = Priority.INTERACTIVE
    deadline: UtcTime | None = None
    labels: dict[str, str] = Field(default_factory=dict)
    batch_id: UUID | None = None
    timeout_seconds: float = Field(
        default=1_800.0, gt=0, description="Longest time that one attempt may run."
    )
    max_attempts: int | None = Field(
        default=None,
        description="Maximum number of attempts that an agent accepted; the retry table may "
        "allow fewer.",
    )
    max_running_jobs: int | None = Field(
        default=None,
        description="The job waits while so many jobs of its owner run; null: however many run.",
    )
    is_bare: bool = Field(
        default=False,
        description="Remove the prompt and graph that ComfyUI embeds in result files.",
    )


class NewJob(JobTemplate):
    """A job to run: its inputs are checked, its version is resolved and its seeds are drawn."""

    job_id: UUID = Field(
        description="Chosen by the caller; a repeat with the same id names the same job."
    )
    retry_of: UUID | None = Field(
        default=None, description="The job of the same owner that this one runs again."
    )


IfUnrunnable: TypeAlias = Literal["wait", "refuse"]


class SubmitJobView(BaseModel):
    job: JobView
    is_replay: bool = Field(
        default=False, description="An earlier request with this idempotency key created the job."
    )


class SubmitJob(UserCommand[SubmitJobView]):
    """Run a workflow for its owner.

    Errors: Forbidden (`priority_not_allowed`), Conflict (`idempotency_key_reused`),
    Unavailable (`queue_full`, `too_many_waiting`). If it is a retry: NotFound, Conflict
    (`job_not_over`, `job_completed`). If it asks for that: Conflict (`unrunnable`).
    """

    subject: ClassVar[str] = "command.scheduler.submit_job.v1"
    job: NewJob
    if_unrunnable: IfUnrunnable = "wait"
    idempotency: IdempotencyKey | None = None


class CancelJob(UserCommand[JobView]):
    """Cancel a job.

    Canceling a job that has ended changes nothing and returns the job. Errors: NotFound.
    """

    subject: ClassVar[str] = "command.scheduler.cancel_job.v1"
    job_id: UUID


class FindJobs(UserQuery[JobList]):
    """Find jobs by id, at least one if there is one; the answer names those still to ask for.

    Jobs that the actor may not read are left out.
    """

    subject: ClassVar[str] = "query.scheduler.find_jobs.v1"
    job_ids: list[UUID] = Field(max_length=100)


class FindSubmitted(UserQuery[JobList]):
    """Find the job that the actor's idempotency key created, if there is one.

    Errors: Conflict (`idempotency_key_reused`).
    """

    subject: ClassVar[str] = "query.scheduler.find_submitted.v1"
    idempotency: IdempotencyKey


class NeededGraphs(BaseModel):
    """A page of the raw graphs that unfinished jobs need."""

    hashes: list[str] = Field(description="Their hashes, in order.")
    next_cursor: str | None = Field(description="Cursor of the next page; null: there is none.")


class ListNeededGraphs(Query[NeededGraphs]):
    """List the raw graphs of all jobs that are not over; the registry keeps these."""

    subject: ClassVar[str] = "query.scheduler.list_needed_graphs.v1"
    sent_by: ClassVar = ("workflow-registry",)
    cursor: str | None = Field(default=None, description="`next_cursor` of the page before.")


class WorkView(BaseModel):
    """The jobs of an owner that are not over."""

    waiting_job_count: int = Field(description="Jobs that wait.")
    running_job_count: int = Field(description="Jobs that run or are placed on a node.")


class FindWork(UserQuery[WorkView]):
    """Count the jobs of the actor that are not over."""

    subject: ClassVar[str] = "query.scheduler.find_work.v1"


class JobFilters(BaseModel):
    """Filters of the list of jobs."""

    status: list[JobStatus] = Field(
        default_factory=list[JobStatus], max_length=7, description="Jobs in any of these statuses."
    )
    workflow: ReferenceText | None = Field(
        default=None,
        max_length=80,
        description="`name` or `name@version`; of raw graphs `graph` or `graph@hash`.",
    )
    label: LabelFilter | None = Field(
        default=None, max_length=300, description="`key` or `key=value`."
    )
    batch_id: UUID | None = Field(default=None, description="Jobs of this batch.")
    owner_id: UUID | None = Field(
        default=None, description="Jobs of this user; needs `jobs:read_all`."
    )
    limit: int = Field(default=50, ge=1, le=200, description="Jobs on a page.")
    cursor: QueryText | None = Field(
        default=None, max_length=200, description="`next_cursor` of the page before."
    )


class ListJobs(JobFilters, UserQuery[JobPage]):
    """List jobs by pages, newest first; a page has fewer jobs if they are large."""

    subject: ClassVar[str] = "query.scheduler.list_jobs.v1"
