"""Tells the scheduler, in simulations, what a server can run, until it knows it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from contracts.message import Accepted, Command

from .simulated_engine import SimulatedEngine

OLD_REPORT_SECONDS = 2.0


@dataclass(slots=True)
class SimulatedDescription:
    """The description of a server under one claim."""

    engine: SimulatedEngine
    ask: Callable[[Command[Any], Callable[[object], None]], None]
    steady: Callable[[], float]
    known_at: float = float("inf")
    """When the scheduler knew it."""

    @property
    def is_settled(self) -> bool:
        """Return whether no report before the newest can arrive any more."""
        return self.steady() > self.known_at + OLD_REPORT_SECONDS

    def send(self, node_id: UUID, claim: int) -> None:
        """Report the capabilities, unless the scheduler knows them."""
        if self.known_at <= self.steady():
            return
        report = self.engine.report(node_id, claim)

        def answered(answer: object) -> None:
            is_newest = report.capabilities is self.engine.capabilities
            if is_newest and answer == Accepted():
                self.known_at = min(self.known_at, self.steady())

        self.ask(report, answered)

    def correct(self) -> None:
        """Note that an attempt found a file missing; it is back, and the description another."""
        self.engine.change_files()
        self.known_at = float("inf")
