"""NATS with JetStream on loopback; its configuration is derived from the contracts."""

from functools import partial
from pathlib import Path

from comfyfleet.servers.programs import beside_python
from comfyfleet.supervise.child import ChildSpec
from comfyfleet.supervise.probe import says_ok


def nats_child(config: Path, *, port: int, monitor_port: int) -> ChildSpec:
    return ChildSpec(
        name="nats",
        command=(str(beside_python("nats-server")), "-c", str(config)),
        # Soft: Go then collects rather than grows; the heap may still pass it when it must.
        environment={"GOMEMLIMIT": "192MiB"},
        is_ready=partial(says_ok, monitor_port, "/healthz"),
        url=f"nats://127.0.0.1:{port}",
    )
