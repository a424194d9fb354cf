"""The state of one child, as its supervisor shows it to people."""

from datetime import UTC, datetime
from typing import Literal, TypeAlias

from pydantic import BaseModel, Field

ChildPhase: TypeAlias = Literal["starting", "ready", "waiting", "stopping", "stopped"]


class ChildState(BaseModel):
    name: str
    phase: ChildPhase
    pid: int | None = None
    since: datetime = Field(description="Start of this phase.")
    restarts: int = 0
    url: str | None = None
    note: str | None = Field(default=None, description="How the child ended last.")

    def enter(self, phase: ChildPhase, *, note: str | None = None) -> None:
        self.phase, self.since, self.note = phase, datetime.now(UTC), note
