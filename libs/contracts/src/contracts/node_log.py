"""Declares the log of a server that an agent runs itself."""

from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, Field

from contracts.access import UserQuery

MOST_LOG_LINES = 1_000


class LogView(BaseModel):
    """The newest lines of the log of a node's server."""

    lines: list[str] = Field(
        description="Oldest first, without control characters; at most 128 KiB in all."
    )


class ReadLog(UserQuery[LogView]):
    """Read the log of a server that the agent runs. Errors: NotFound (`no_log`: it runs none)."""

    subject: ClassVar[str] = "query.node.read_log.v1.{node_id}"
    node_id: UUID
    line_count: int = Field(
        ge=1, le=MOST_LOG_LINES, description="Most lines to return; the newest are."
    )
