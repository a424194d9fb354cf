"""Files of one attempt: inputs to stage, results to record. Only agents with a grant may ask."""

from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, Field

from contracts.media.files import MediaKind
from contracts.message import Command, Query
from contracts.scheduler.jobs import Output


class InputFile(BaseModel):
    """One input of an attempt, ready to be staged on a ComfyUI server."""

    media_id: UUID
    name: str = Field(description="`cf/<hmac(owner, content)>.png`: same bytes, same name.")
    url: str = Field(description="Presigned GET, inside the cluster.")
    content_type: str
    size_bytes: int


class InputFiles(BaseModel):
    items: list[InputFile]


class StageInputs(Query[InputFiles]):
    """The input files that the grant names. Errors: Forbidden (bad grant), NotFound."""

    subject: ClassVar[str] = "query.media.stage_inputs.v1.{node_id}"
    sent_by: ClassVar = ("node-agent",)
    node_id: UUID
    grant: str


class ResultFile(BaseModel):
    """One file that an attempt made, as the agent saw it."""

    n: int = Field(ge=0, le=999, description="Number of the file within the attempt.")
    output: str = Field(description="Name of the output in the spec.")
    index: int = Field(ge=0, description="Place among the files of that output.")
    kind: MediaKind
    filename: str
    content_type: str
    size_bytes: int
    blake3: str
    width: int | None = None
    height: int | None = None


class ResultTargets(BaseModel):
    urls: list[str] = Field(description="Presigned PUT for file 0, 1, …, inside the cluster.")


class OpenResults(Query[ResultTargets]):
    """Get URLs for `count` result files of the attempt. Errors: Forbidden (bad grant)."""

    subject: ClassVar[str] = "query.media.open_results.v1.{node_id}"
    sent_by: ClassVar = ("node-agent",)
    node_id: UUID
    grant: str
    count: int = Field(ge=1, le=200)


class Results(BaseModel):
    outputs: list[Output]
    is_recorded: bool = Field(description="False: no results of this attempt are known.")


class RecordResults(Command[Results]):
    """The files are in place: make them media of the owner. Idempotent per attempt and file."""

    subject: ClassVar[str] = "command.media.record_results.v1.{node_id}"
    sent_by: ClassVar = ("node-agent",)
    node_id: UUID
    grant: str
    files: list[ResultFile] = Field(max_length=200)


class FindResults(Query[Results]):
    """Find the recorded results of an attempt; an agent that adopts a node asks."""

    subject: ClassVar[str] = "query.media.find_results.v1.{node_id}"
    sent_by: ClassVar = ("node-agent",)
    node_id: UUID
    grant: str
