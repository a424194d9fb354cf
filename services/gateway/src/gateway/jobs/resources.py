"""Jobs as the public API shows them: the scheduler's view with links."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, Field

from contracts.access import Actor
from contracts.scheduler import jobs
from contracts.scheduler.jobs import JobView
from contracts.values import Page
from gateway.media.resources import is_withheld
from gateway.media.signatures import LinkSigner


class JobLinks(BaseModel):
    """Paths of the API for one job."""

    self: str = Field(description="The job.")
    events: str = Field(description="Its live events (SSE).")
    cancel: str = Field(description="POST here to end it early.")
    retry: str = Field(description="POST here to run it again, once it is over.")


class Output(jobs.Output):
    """One file that a job made, with a link to it."""

    url: str | None = Field(
        description="Link to the content. It needs no token and works for at least an hour. null "
        "for a reader who does not own the job (`jobs:read_all` shows jobs, not their media), or "
        "if the content is withheld from the reader."
    )


class JobSummary(jobs.JobSummary):
    """The current state of a job, without its inputs."""

    outputs: list[Output] = Field(  # pyright: ignore[reportIncompatibleVariableOverride]  # never written to
        default_factory=list[Output], description="Files that the job made."
    )
    links: JobLinks = Field(description="Paths of the job.")


class Job(JobSummary, JobView):  # pyright: ignore[reportIncompatibleVariableOverride]  # never written to
    """The current state of a job."""

    empty_outputs: list[str] = Field(
        default_factory=list[str],
        description="Outputs of the workflow for which the completed job made nothing. Told where "
        "one job is asked for.",
    )


class JobGraph(BaseModel):
    """The graph that a job runs."""

    workflow: str = Field(description="`name@version`, as resolved at submission.")
    graph: dict[str, Any] = Field(
        description="The graph in ComfyUI's API format, with the inputs of the job in place."
    )


class JobPage(Page[JobSummary]):
    """A page of jobs, newest first."""


def job_resource(
    signer: LinkSigner, view: JobView, reader: Actor, empty_outputs: Sequence[str] = ()
) -> Job:
    """Return the view with links; nothing is validated again."""
    values = with_links(signer, view, reader)
    return Job.model_construct(**values, empty_outputs=list(empty_outputs))


def summary_resource(signer: LinkSigner, summary: jobs.JobSummary, reader: Actor) -> JobSummary:
    return JobSummary.model_construct(**with_links(signer, summary, reader))


def with_links(signer: LinkSigner, view: jobs.JobSummary, reader: Actor) -> dict[str, Any]:
    path = f"{signer.prefix}/v1/jobs/{view.id}"
    is_owner = view.owner_id == reader.user_id
    urls = (
        signer.content_path(output.media_id)
        if is_owner and not is_withheld(output, reader)
        else None
        for output in view.outputs
    )
    outputs = [
        Output.model_construct(**output.__dict__, url=url)
        for output, url in zip(view.outputs, urls, strict=True)
    ]
    paths = JobLinks.model_construct(
        self=path, events=f"{path}/events", cancel=f"{path}/cancel", retry=f"{path}/retry"
    )
    return {**view.__dict__, "outputs": outputs, "links": paths}
