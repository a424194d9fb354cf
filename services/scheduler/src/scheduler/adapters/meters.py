"""The scheduler's metrics, for Prometheus."""

from prometheus_client import Gauge, Histogram

BATCHES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000)
SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


class PrometheusMeter:
    """Measures the loop's batches and commits, the queue and the fleet."""

    def __init__(self) -> None:
        self._batch = Histogram(
            "comfyfleet_scheduler_batch_size", "Occurrences taken in one commit.", buckets=BATCHES
        )
        self._commit = Histogram(
            "comfyfleet_scheduler_commit_seconds", "Seconds a commit takes.", buckets=SECONDS
        )
        self._queued = Gauge("comfyfleet_scheduler_jobs_queued", "Jobs that wait for a node.")
        self._running = Gauge("comfyfleet_scheduler_attempts_live", "Attempts that nodes have.")
        self._nodes = Gauge("comfyfleet_scheduler_nodes", "Nodes by phase.", ["phase"])

    def batch(self, size: int, commit_seconds: float) -> None:
        self._batch.observe(size)
        self._commit.observe(commit_seconds)

    def fleet(self, queued: int, running: int, nodes: dict[str, int]) -> None:
        self._queued.set(queued)
        self._running.set(running)
        for phase, number in nodes.items():
            self._nodes.labels(phase).set(number)
