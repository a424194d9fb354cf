"""A ComfyUI for simulations: it outlives its agents, and forgets everything when restarted."""

from collections import Counter
from dataclasses import dataclass, field
from random import Random
from uuid import UUID


@dataclass(slots=True)
class SimulatedEngine:
    random: Random
    prompts: dict[UUID, float] = field(default_factory=dict[UUID, float])
    """Seconds of work left of each attempt; 0 is history."""
    failed: set[UUID] = field(default_factory=set[UUID])
    """Attempts whose work is of no use any more."""
    executions: Counter[UUID] = field(default_factory=Counter[UUID])

    def post(self, attempt_id: UUID) -> None:
        self.executions[attempt_id] += 1
        assert self.executions[attempt_id] == 1, "an attempt runs twice"
        self.prompts[attempt_id] = self.random.uniform(0.2, 4.0)

    def work(self, seconds: float) -> None:
        self.prompts = {k: max(0.0, left - seconds) for k, left in self.prompts.items()}

    def restart(self) -> None:
        self.prompts.clear()

    def is_useful(self, attempt_id: UUID) -> bool:
        """Return whether waiting for this attempt costs less than running its job again."""
        return attempt_id in self.prompts and attempt_id not in self.failed
