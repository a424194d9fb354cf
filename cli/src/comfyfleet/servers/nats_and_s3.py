"""Describes NATS, with users and permissions from the contracts, and S3, both on loopback."""

from functools import partial
from pathlib import Path

from comfyfleet.home import write_private
from comfyfleet.secrets import FleetSecrets
from runtime.bus.nats_config import PROVISIONER, nats_config
from runtime.embedded.programs import beside_python, s3_command, s3_environment
from runtime.supervision.child import ChildSpec
from runtime.supervision.probe import answers, answers_ok

SMALL = {"GOMEMLIMIT": "192MiB"}
"""The memory limit is soft: near it Go collects garbage more often."""


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
        command=(beside_python("nats-server"), "-c", str(config)),
        # One thread handles five times the jobs that a machine can run, and wakes less often.
        environment=SMALL | {"GOMAXPROCS": "1"},
        is_ready=partial(answers_ok, monitor_port, "/healthz"),
        url=f"nats://127.0.0.1:{port}",
    )


def s3_child(folder: Path, secrets: FleetSecrets, *, port: int) -> ChildSpec:
    return ChildSpec(
        name="s3",
        command=s3_command(folder, port),
        environment=SMALL | s3_environment(folder, secrets.s3_access_key, secrets.s3_secret_key),
        is_ready=partial(answers, port),
        url=f"http://127.0.0.1:{port}",
    )
