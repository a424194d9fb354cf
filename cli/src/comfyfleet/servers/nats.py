"""NATS with JetStream on loopback; its configuration is derived from the contracts."""

import os
from functools import partial
from pathlib import Path

from comfyfleet.servers.programs import beside_python
from comfyfleet.supervise.child import ChildSpec
from comfyfleet.supervise.probe import says_ok
from comfyfleet.vault import Vault
from runtime.bus.nats_config import PROVISIONER, nats_config


def nats_child(
    config: Path, store: Path, vault: Vault, *, port: int, monitor_port: int
) -> ChildSpec:
    """Write the configuration, which holds passwords, and describe its server."""
    text = nats_config(
        vault.nats | {PROVISIONER: vault.nats_provisioner},
        host="127.0.0.1",
        port=port,
        store_dir=str(store),
        extra=f'http: "127.0.0.1:{monitor_port}"',
    )
    config.unlink(missing_ok=True)
    descriptor = os.open(config, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    return ChildSpec(
        name="nats",
        command=(str(beside_python("nats-server")), "-c", str(config)),
        # The limit is soft: Go then collects rather than grows. One thread takes what a machine can
        # make of jobs five times over, and wakes less at rest.
        environment={"GOMEMLIMIT": "192MiB", "GOMAXPROCS": "1"},
        is_ready=partial(says_ok, monitor_port, "/healthz"),
        url=f"nats://127.0.0.1:{port}",
    )
