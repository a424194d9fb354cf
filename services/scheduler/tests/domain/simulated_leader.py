"""A scheduler for simulations: the real core, with an inbox before it and repeated orders after it.

Two may be there at once: one that was suspended does not know yet that another has taken over. It
decides nothing more, because its next commit fails, but it repeats its orders until then.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from contracts.scheduler.jobs import JobStatus
from runtime.wall_clock import WallClock
from scheduler.domain.context import LoadedRows, Now, StepContext
from scheduler.domain.core import names_in, republish, resume, step
from scheduler.domain.effects import Effects, Recall
from scheduler.domain.occurrences import ClockTicked, Occurrence
from scheduler.domain.state import Limits, State

from .simulated_ledger import SimulatedLedger

REPUBLISH_SECONDS = 60.0


@dataclass(slots=True)
class SimulatedLeader:
    epoch: int
    ledger: SimulatedLedger
    new_id: Callable[[], UUID]
    answered: Callable[[int, object], None]
    """Takes the token of a command and its answer."""
    state: State = field(default_factory=State)
    wall_clock: WallClock = field(default_factory=WallClock)
    now: Now = field(default_factory=lambda: Now(datetime.min.replace(tzinfo=UTC), 0.0))
    """The time of the newest batch, as this leader knows it."""
    has_led: bool = False
    """It has taken a batch; before that nothing is placed."""
    republish_at: float = 0.0
    inbox: list[Occurrence] = field(default_factory=list[Occurrence])
    orders: dict[UUID, int] = field(default_factory=dict[UUID, int])
    """Claim by attempt, for each order that is repeated."""
    recalls: dict[UUID, Recall] = field(default_factory=dict[UUID, Recall])

    def begin(self) -> None:
        """Read the state back, and repeat the order or the recall of every live attempt."""
        self.state = self.ledger.load(Limits())
        effects = Effects()
        resume(self.state, effects)
        self.act(effects)

    def decide(self, wall: datetime, steady: float) -> Effects:
        """Decide about all that arrived; the caller commits, then lets the leader act."""
        self.now = Now(self.wall_clock.read(wall, steady), steady)
        batch, self.inbox = self.inbox, []
        batch.append(ClockTicked())
        loaded = self.ledger.look_up(*names_in(self.state, batch), self.state)
        effects = step(self.state, batch, loaded, self.now, self.new_id)
        if steady >= self.republish_at:
            self.republish_at = steady + REPUBLISH_SECONDS
            republish(self.state, effects, self.ledger.bucket)
        self.has_led = True
        return effects

    def act(self, effects: Effects) -> None:
        for attempt_id in effects.stop_repeating:
            self.orders.pop(attempt_id, None)
            self.recalls.pop(attempt_id, None)
        for attempt in effects.orders:
            if attempt.ended_at is None and attempt.job.status is not JobStatus.CANCELING:
                self.orders[attempt.id] = self.state.nodes[attempt.node_id].claim
        for recall in effects.recalls:
            live = self.state.attempts.get(recall.attempt_id)
            is_wanted = live is not None and live.job.status is not JobStatus.CANCELING
            assert recall.is_move or not is_wanted, "work is recalled though its job goes on"
            self.recalls[recall.attempt_id] = recall
        for token, answer in effects.answers:
            self.answered(token, answer)

    def read_context(self) -> StepContext:
        return StepContext(self.state, LoadedRows(), self.now, self.new_id)
