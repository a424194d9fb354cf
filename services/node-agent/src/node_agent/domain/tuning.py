"""How patient the agent is; every number has a setting or a reason."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tuning:
    probe_seconds: float = 1.0
    probe_idle_seconds: float = 2.0
    """While nothing is done there: most of what an agent does at rest is this."""
    beat_seconds: float = 1.0
    dead_after_seconds: float = 120.0
    cancel_seconds: float = 30.0
    """An interrupt waits for the graph node that runs; then the slot is given up to the beats."""
    cancel_retry_seconds: float = 0.2
    capabilities_seconds: float = 60.0
    stats_seconds: float = 10.0
    trial_seconds: float = 15.0
    """Between two trials of a node that did harm."""
    progress_seconds: float = 0.25
    preview_seconds: float = 0.5
    preview_bytes: int = 64 * 1024
    watched_seconds: float = 10.0
    upload_seconds: float = 600.0
    most_output_bytes: int = 2 * 1024**3
    backoff_seconds: float = 0.5
    longest_backoff_seconds: float = 10.0
