"""How long a dead child waits before it is started again."""

from dataclasses import dataclass

FIRST_SECONDS = 0.5
LONGEST_SECONDS = 30.0
HEALTHY_SECONDS = 60.0


@dataclass(slots=True)
class Backoff:
    """0.5 s, 1 s, 2 s … 30 s; a life of a minute or more makes up for all earlier deaths."""

    deaths_in_a_row: int = 0

    def after(self, lived_seconds: float) -> float:
        """Note one more death and return the seconds to wait."""
        if lived_seconds >= HEALTHY_SECONDS:
            self.deaths_in_a_row = 0
        self.deaths_in_a_row += 1
        # The exponent is capped too: 2.0 ** 1100 is an OverflowError.
        doubled = FIRST_SECONDS * 2.0 ** min(self.deaths_in_a_row - 1, 16)
        return min(doubled, LONGEST_SECONDS)
