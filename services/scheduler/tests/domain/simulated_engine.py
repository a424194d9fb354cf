"""A ComfyUI for simulations: it outlives its agents, and forgets everything when restarted."""

from dataclasses import dataclass, field
from random import Random
from uuid import UUID

from contracts.scheduler.claims import ReportCapabilities
from contracts.scheduler.job_requests import ModelFile
from contracts.scheduler.nodes import Capabilities

RARE = ModelFile(folder="loras", name="rare.safetensors")
PLAIN = Capabilities(digest="d", engine_version="0.8.0", classes=["A"], models=[])
RICH = Capabilities(digest="r", engine_version="0.8.0", classes=["A"], models=[RARE])


@dataclass(slots=True)
class SimulatedEngine:
    """Executes one prompt after the other, ours and those of people."""

    random: Random
    capabilities: Capabilities
    prompts: dict[UUID, float] = field(default_factory=dict[UUID, float])
    """Seconds of work left of each prompt, oldest first; 0 is history."""
    foreign: set[UUID] = field(default_factory=set[UUID])
    """Prompts that are not of the fleet."""
    failed: set[UUID] = field(default_factory=set[UUID])
    """Attempts whose work is of no use any more."""
    posted: set[UUID] = field(default_factory=set[UUID])
    begun: set[UUID] = field(default_factory=set[UUID])
    executed_seconds: dict[UUID, float] = field(default_factory=dict[UUID, float])
    paused_seconds: float = 0.0
    """Time for which its agent gives it no new attempt."""

    @property
    def is_paused(self) -> bool:
        return self.paused_seconds > 0

    def post(self, attempt_id: UUID) -> None:
        assert attempt_id not in self.posted, "an attempt is posted twice"
        self.posted.add(attempt_id)
        self.prompts[attempt_id] = self.random.uniform(0.2, 4.0)

    def post_foreign(self) -> None:
        prompt_id = UUID(int=self.random.getrandbits(128))
        self.foreign.add(prompt_id)
        self.prompts[prompt_id] = self.random.choice([2.0, 20.0, 60.0])

    def work(self, seconds: float) -> None:
        self.paused_seconds -= seconds
        for prompt_id in self.waiting():
            if seconds <= 0:
                return
            self.begun.add(prompt_id)
            done = min(self.prompts[prompt_id], seconds)
            self.prompts[prompt_id] -= done
            self.executed_seconds[prompt_id] = self.executed_seconds.get(prompt_id, 0.0) + done
            seconds -= done

    def waiting(self) -> list[UUID]:
        """Return the prompts that are not done, oldest first."""
        return [prompt_id for prompt_id, left in self.prompts.items() if left]

    def is_pending(self, attempt_id: UUID) -> bool:
        return attempt_id in self.waiting() and attempt_id not in self.begun

    def restart(self) -> None:
        self.prompts.clear()

    def is_useful(self, attempt_id: UUID) -> bool:
        """Return whether waiting for this attempt costs less than running its job again."""
        return attempt_id in self.prompts and attempt_id not in self.failed

    def report(self, node_id: UUID, claim: int) -> ReportCapabilities:
        return ReportCapabilities(node_id=node_id, claim=claim, capabilities=self.capabilities)
