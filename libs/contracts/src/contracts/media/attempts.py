"""Files of one attempt: its inputs and its results. Only an agent with a grant may ask."""

from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, Field

from contracts.media.files import MediaKind
from contracts.message import Command, Query
from contracts.scheduler.jobs import Output


class InputFile(BaseModel):
    """One input of an attempt, ready to be staged on a node."""

    media_id: UUID
    name: str = Field(
        description="`cf/<hmac(owner, content)>.png`: an owner's equal bytes share one name."
    )
    url: str = Field(description="Presigned GET, inside the cluster.")
    content_type: str
    size_bytes: int


class InputFiles(BaseModel):
    items: list[InputFile]


class FindInputFiles(Query[InputFiles]):
    """Find the input files that the grant names. Errors: Forbidden (`bad_grant`), NotFound."""

    subject: ClassVar[str] = "query.media.find_input_files.v1.{node_id}"
    sent_by: ClassVar = ("node-agent",)
    node_id: UUID
    grant: str


class ResultFile(BaseModel):
    """A file that an attempt made, as the agent reports it."""

    n: int = Field(ge=0, le=999, description="Number of the file within the attempt.")
    output: str = Field(description="Name of the output in the spec.")
    index: int = Field(ge=0, description="Position among the files of that output.")
    kind: MediaKind
    filename: str
    content_type: str
    size_bytes: int
    blake3: str
    width: int | None = None
    height: int | None = None


class ResultUrls(BaseModel):
    """URLs for the files of one attempt."""

    urls: list[str] = Field(
        description="Presigned PUT for file 0, 1 and so on, inside the cluster."
    )


class SignResultUrls(Query[ResultUrls]):
    """Get URLs to which the attempt's result files are put. Errors: Forbidden (`bad_grant`)."""

    subject: ClassVar[str] = "query.media.sign_result_urls.v1.{node_id}"
    sent_by: ClassVar = ("node-agent",)
    node_id: UUID
    grant: str
    count: int = Field(ge=1, le=200)


class Results(BaseModel):
    outputs: list[Output]
    is_recorded: bool = Field(description="False: this attempt has recorded no results.")


class RecordResults(Command[Results]):
    """Make the uploaded files media of the owner. Idempotent for each attempt and file.

    Errors: Forbidden (`bad_grant`), Invalid, Conflict (`job_deleted`).
    """

    subject: ClassVar[str] = "command.media.record_results.v1.{node_id}"
    sent_by: ClassVar = ("node-agent",)
    node_id: UUID
    grant: str
    files: list[ResultFile] = Field(max_length=200)


class FindResults(Query[Results]):
    """Find the recorded results of an attempt, for an agent that takes over its node."""

    subject: ClassVar[str] = "query.media.find_results.v1.{node_id}"
    sent_by: ClassVar = ("node-agent",)
    node_id: UUID
    grant: str
