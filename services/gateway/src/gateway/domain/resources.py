"""Jobs and media as the public API shows them: the owners' views plus links."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from contracts.media.files import MediaView
from contracts.media.library import LinkView
from contracts.scheduler import jobs
from contracts.scheduler.jobs import JobView
from gateway.domain.links import shared_path, signed_path


class Links(BaseModel):
    """Where more about a job is, and what can be done with it."""

    self: str = Field(description="The job.")
    events: str = Field(description="Its live events (SSE).")
    cancel: str = Field(description="POST here to end it early.")


class Output(jobs.Output):
    """One file that a job made, with a link to it."""

    url: str = Field(description="Its content; works as it stands for an hour.")


class Job(JobView):
    """A job as it is now."""

    outputs: list[Output] = Field(  # pyright: ignore[reportIncompatibleVariableOverride]  # never written to
        default_factory=list[Output], description="Files that it made."
    )
    links: Links = Field(description="Where more about it is.")


class JobList(BaseModel):
    """A page of jobs, newest first."""

    items: list[Job] = Field(description="The jobs.")
    next_cursor: str | None = Field(default=None, description="`cursor` of the next page.")


class Media(MediaView):
    """One picture, mask or file, with a link to its content."""

    url: str = Field(
        description="Its content; works as it stands for an hour. With `&w=256` a thumbnail."
    )


class MediaItems(BaseModel):
    """A page of media, newest first."""

    items: list[Media] = Field(description="The media.")
    next_cursor: str | None = Field(default=None, description="`cursor` of the next page.")


class Link(LinkView):
    """A share link."""

    url: str = Field(description="Opens the content for whoever has it.")


class LinkItems(BaseModel):
    """The share links of one media that still open."""

    items: list[Link] = Field(description="The links, newest first.")


class UploadPlace(BaseModel):
    """Where to put the bytes of a large file."""

    media_id: UUID = Field(description="The media that it will be.")
    url: str = Field(description="PUT the bytes here.")
    headers: dict[str, str] = Field(
        default_factory=dict, description="Headers that the PUT must have."
    )
    expires_at: datetime | None = Field(default=None, description="Until when the URL works.")


@dataclass(frozen=True, slots=True)
class Presenter:
    """Turns views into resources; links begin with `prefix`."""

    secret: bytes
    clock: Callable[[], float]
    prefix: str = ""

    def job(self, view: JobView) -> Job:
        path, now = f"{self.prefix}/v1/jobs/{view.id}", self.clock()
        outputs = [
            Output.model_construct(
                **output.__dict__, url=signed_path(output.media_id, self.secret, now, self.prefix)
            )
            for output in view.outputs
        ]
        links = Links.model_construct(self=path, events=f"{path}/events", cancel=f"{path}/cancel")
        values: dict[str, Any] = {**view.__dict__, "outputs": outputs, "links": links}
        return Job.model_construct(**values)

    def job_json(self, view: JobView) -> bytes:
        return self.job(view).model_dump_json().encode()

    def media(self, view: MediaView) -> Media:
        url = signed_path(view.id, self.secret, self.clock(), self.prefix)
        return Media.model_construct(**view.__dict__, url=url)

    def link(self, link: LinkView) -> Link:
        url = shared_path(link.media_id, link.id, self.secret, self.prefix)
        return Link.model_construct(**link.__dict__, url=url)
