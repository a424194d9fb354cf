"""The supervisor's view of its children, in a file that `status` reads."""

from pathlib import Path
from typing import Literal, TypeAlias

from pydantic import BaseModel, Field, ValidationError

from runtime.supervision.child_state import ChildState

FleetPhase: TypeAlias = Literal["starting", "ready", "stopping", "failed"]


class FleetState(BaseModel):
    phase: FleetPhase
    pid: int
    url: str
    step: str = Field(default="", description="Present step of a start, for people who wait.")
    problem: str | None = None
    engines: str = Field(default="", description="The chosen GPU servers, and the reason.")
    children: list[ChildState] = Field(default_factory=list[ChildState])


def save(path: Path, state: FleetState) -> None:
    """Replace the file in one step, so that a reader never sees half of it."""
    draft = path.with_suffix(".new")
    draft.write_text(state.model_dump_json(indent=1))
    draft.replace(path)


def load(path: Path) -> FleetState | None:
    try:
        return FleetState.model_validate_json(path.read_text())
    except (OSError, ValidationError):
        return None
