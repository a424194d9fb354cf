"""Declares the model files that an agent fetches into its own folder, for the servers beside it.

A transfer is known to its agent alone: a caller that repeats `FetchModel` after the agent died
starts it again, and it goes on where its file ended.
"""

import re
from enum import StrEnum
from typing import Annotated, ClassVar, Self, TypeAlias
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, model_validator

from contracts.access import UserCommand, UserQuery
from contracts.values import ShortText

MOST_TRANSFERS = 100
LONGEST_PART_BYTES = 200
"""Of a name between slashes: file systems take 255, and a transfer adds to it."""


def as_file_name(name: str) -> str:
    """Return a name that stays inside its folder on any system; else raise ValueError."""
    parts = name.split("/")
    is_plain = re.fullmatch(r"[^\x00-\x1f\x7f\\:*?\"<>|]+", name) and name.isprintable()
    if not is_plain or any(part != part.strip() or part[:1] in ("", ".", "~") for part in parts):
        raise ValueError(
            'expected names between slashes, without `\\ : * ? " < > |`, of which none begins '
            "with `.` or `~`"
        )
    if any(len(part.encode()) > LONGEST_PART_BYTES for part in parts):
        raise ValueError(f"expected at most {LONGEST_PART_BYTES} bytes between slashes")
    return name


Folder: TypeAlias = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,64}$")]
FileName: TypeAlias = Annotated[
    str, Field(min_length=1, max_length=500), AfterValidator(as_file_name)
]


class ModelOrigin(BaseModel):
    """The address of a model file, and the hash of its content."""

    url: str = Field(
        max_length=2_000,
        pattern=r"^(https?|s3)://[^\s<>\x00-\x20\x7f]+$",
        description="Address of the file: `https://…`, or `s3://bucket/key` in the store that the "
        "agent's settings name. `http://…` needs `sha256`.",
    )
    sha256: str | None = Field(
        default=None,
        pattern=r"^[0-9a-f]{64}$",
        description="SHA-256 of the file. Without it nothing but the address vouches for the "
        "content, and a transfer that was cut begins anew.",
    )

    @model_validator(mode="after")
    def vouched(self) -> Self:
        """Refuse a content that anybody on the way could have replaced."""
        if self.sha256 is None and self.url.startswith("http:"):
            raise ValueError("expected `sha256` for a file from `http://`")
        return self


class TransferPhase(StrEnum):
    """The place of a transfer in its life."""

    WAITING = "waiting"
    FETCHING = "fetching"
    COMPLETED = "completed"
    FAILED = "failed"


class TransferView(BaseModel):
    """One model file on its way to a node."""

    folder: str = Field(description="Model folder.")
    name: str = Field(description="Name of the file in the folder.")
    phase: TransferPhase = Field(
        description="`waiting` for other transfers, `fetching`, `completed`, or `failed`."
    )
    size_bytes: int | None = Field(
        default=None, description="Size of the whole file; null while it is not known."
    )
    fetched_bytes: int = Field(default=0, description="Bytes that have come.")
    reason: ShortText | None = Field(default=None, description="Why it failed.")


class NodeModelsView(BaseModel):
    """The model folder of a node's agent, and the transfers since the agent's start."""

    transfers: list[TransferView] = Field(
        description=f"The newest first; at most {MOST_TRANSFERS}."
    )
    used_bytes: int = Field(description="Bytes in the folder, with those of unfinished files.")
    max_bytes: int = Field(description="Bytes that the folder may have.")


class FetchModel(UserCommand[TransferView]):
    """Fetch a model file for a node. A repetition joins the transfer, or starts a failed one again.

    Errors: Conflict: no folder (`no_models_dir`), or another file of that name (`model_exists`).
    """

    subject: ClassVar[str] = "command.node.fetch_model.v1.{node_id}"
    node_id: UUID
    folder: Folder
    name: FileName
    origin: ModelOrigin


class FindModels(UserQuery[NodeModelsView]):
    """Return the model folder of a node's agent. Errors: Conflict (`no_models_dir`)."""

    subject: ClassVar[str] = "query.node.find_models.v1.{node_id}"
    node_id: UUID
