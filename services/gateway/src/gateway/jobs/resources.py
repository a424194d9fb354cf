"""Jobs as the public API shows them: the scheduler's view with links."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, Field

from contracts.scheduler import jobs
from contracts.scheduler.jobs import JobView
from contracts.values import Page
from gateway.media.signatures import LinkSigner


class JobLinks(BaseModel):
    """Paths of the API for one job."""

    self: str = Field(description="The job.")
    events: str = Field(description="Its live events (SSE).")
    cancel: str = Field(description="POST here to end it early.")


class Output(jobs.Output):
    """One file that a job made, with a link to it."""

    url: str = Field(
        description="Link to the content. It needs no token and works for at least an hour."
    )


class Job(JobView):
    """The current state of a job."""

    outputs: list[Output] = Field(  # pyright: ignore[reportIncompatibleVariableOverride]  # never written to
        default_factory=list[Output], description="Files that the job made."
    )
    empty_outputs: list[str] = Field(
        default_factory=list[str],
        description="Outputs of the workflow for which the completed job made nothing. Told where "
        "one job is asked for.",
    )
    links: JobLinks = Field(description="Paths of the job.")


class JobPage(Page[Job]):
    """A page of jobs, newest first."""


def job_resource(signer: LinkSigner, view: JobView, empty_outputs: Sequence[str] = ()) -> Job:
    """Return the view with links; nothing is validated again."""
    path = f"{signer.prefix}/v1/jobs/{view.id}"
    outputs = [
        Output.model_construct(**output.__dict__, url=signer.content_path(output.media_id))
        for output in view.outputs
    ]
    paths = JobLinks.model_construct(self=path, events=f"{path}/events", cancel=f"{path}/cancel")
    values: dict[str, Any] = {
        **view.__dict__,
        "outputs": outputs,
        "empty_outputs": list(empty_outputs),
        "links": paths,
    }
    return Job.model_construct(**values)
