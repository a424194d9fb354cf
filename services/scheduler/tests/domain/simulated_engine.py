"""A ComfyUI for simulations: it outlives its agents, and forgets everything when restarted."""

from dataclasses import dataclass, field
from random import Random
from uuid import UUID

from contracts.scheduler.claims import AttemptPhase, BeatAttempt, ReportCapabilities
from contracts.scheduler.job_requests import ModelFile
from contracts.scheduler.jobs import Progress
from contracts.scheduler.nodes import Capabilities

RARE = ModelFile(folder="loras", name="rare.safetensors")
NO_PROGRESS = Progress()
"""Given explicitly, since copying the default costs more than the rest of a beat."""
TRIAL_CHANCE = 0.3
"""That a trial passes in one step."""
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
    lacks_file: bool = False
    """An attempt found a file missing, and the scheduler does not know that."""
    has_passed: bool = False
    """It has passed a trial."""
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

    def change_files(self) -> None:
        """Lose a model file and get it again: the description has another digest from now on."""
        self.lacks_file = False
        digest = f"{self.capabilities.digest}+"
        self.capabilities = self.capabilities.model_copy(update={"digest": digest})

    def try_out(self) -> bool:
        """Run a trial, which waits for other work, may take a while, and may fail at first."""
        is_passed = not self.waiting() and self.random.random() < TRIAL_CHANCE
        self.has_passed |= is_passed
        return is_passed

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

    def beat_of(self, attempt_id: UUID, phase: AttemptPhase) -> BeatAttempt:
        """Tell how far an attempt is; a new agent knows nothing of the engine at first."""
        is_posted = phase is AttemptPhase.POSTED
        return BeatAttempt(
            attempt_id=attempt_id,
            phase=phase,
            is_pending=is_posted and self.is_pending(attempt_id),
            has_begun=is_posted and attempt_id in self.begun,
            progress=NO_PROGRESS,
            executed_seconds=self.executed_seconds.get(attempt_id),
        )

    def report(self, node_id: UUID, claim: int) -> ReportCapabilities:
        return ReportCapabilities(node_id=node_id, claim=claim, capabilities=self.capabilities)
