"""What an agent may do for one attempt."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Rights:
    """Read `media` and write results, all of them `owner_id`'s."""

    attempt_id: UUID
    job_id: UUID
    owner_id: UUID
    media: tuple[UUID, ...]
