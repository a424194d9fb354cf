"""`migrate`, `nats-config`: for deployments whose servers are not started by `up`."""

import os

from comfyfleet.supervise.child import python


def migrate() -> None:
    """Apply streams, buckets, roles and migrations to a cluster (`up` does it by itself)."""
    become("migrate")


def nats_config() -> None:
    """Print the configuration for a cluster's nats-server."""
    become("nats-config")


def become(word: str) -> None:
    """Go on as another module, whose libraries no other command should have to load."""
    command = python("-m", "comfyfleet.cluster", word)
    os.execv(command[0], command)  # noqa: S606 # no shell is wanted
