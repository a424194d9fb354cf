"""What an agent may do for one attempt."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Rights:
    """Read `media` and write results, all of them `owner_id`'s."""

    attempt_id: UUID
    job_id: UUID
    owner_id: UUID
    media: tuple[UUID, ...]
    workflow: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    is_bare: bool = False
    """Results lose what ComfyUI wrote into them: the prompt and the graph."""
