"""Describes NATS with JetStream on loopback, with users and permissions from the contracts."""

from functools import partial
from pathlib import Path

from comfyfleet.home import write_private
from comfyfleet.secrets import FleetSecrets
from comfyfleet.servers.programs import beside_python
from comfyfleet.supervision.child import ChildSpec
from comfyfleet.supervision.probe import answers_ok
from runtime.bus.nats_config import PROVISIONER, nats_config


def nats_child(
    config: Path, store: Path, secrets: FleetSecrets, *, port: int, monitor_port: int
) -> ChildSpec:
    """Write the configuration, readable only by this user, and describe the server."""
    text = nats_config(
        secrets.nats | {PROVISIONER: secrets.nats_provisioner},
        host="127.0.0.1",
        port=port,
        store_dir=str(store),
        extra=f'http: "127.0.0.1:{monitor_port}"',
    )
    write_private(config, text)
    return ChildSpec(
        name="nats",
        command=(str(beside_python("nats-server")), "-c", str(config)),
        # The memory limit is soft: near it Go collects garbage more often. One thread handles five
        # times the jobs that a machine can run, and wakes less often at rest.
        environment={"GOMEMLIMIT": "192MiB", "GOMAXPROCS": "1"},
        is_ready=partial(answers_ok, monitor_port, "/healthz"),
        url=f"nats://127.0.0.1:{port}",
    )
