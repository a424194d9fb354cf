"""The services of a fleet and the buckets they own, each declared once.

NATS accounts, database roles, the supervisor and the checks of Docker, compose and Kubernetes
files all read these tables.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

ServiceName: TypeAlias = Literal[
    "gateway", "auth", "workflow-registry", "scheduler", "media", "webhooks", "node-agent"
]


@dataclass(frozen=True, slots=True)
class Service:
    """One service: a process, a NATS user, an image and a Deployment of the same name."""

    name: ServiceName
    package: str
    """Python package; also the database role and schema."""
    subject_word: str | None
    """Second word of the subjects that the service answers; None: it answers nothing."""
    uses_postgres: bool = False
    uses_s3: bool = False
    uses_workflows: bool = False
    """Needs the library `workflows`."""
    ops_port: int = 9100
    """Port of health and metrics inside a container."""


SERVICES: dict[ServiceName, Service] = {
    service.name: service
    for service in (
        Service("gateway", "gateway", None, uses_workflows=True),
        Service("auth", "auth", "auth", uses_postgres=True),
        Service(
            "workflow-registry",
            "workflow_registry",
            "registry",
            uses_postgres=True,
            uses_workflows=True,
        ),
        Service("scheduler", "scheduler", "scheduler", uses_postgres=True),
        Service("media", "media", "media", uses_postgres=True, uses_s3=True),
        Service("webhooks", "webhooks", "webhooks", uses_postgres=True),
        Service("node-agent", "node_agent", "node", uses_workflows=True),
    )
}
"""Every service by its name."""

OWNERS: dict[str, ServiceName] = {
    service.subject_word: service.name for service in SERVICES.values() if service.subject_word
}
"""The service that answers requests, by the second word of their subject."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """A key-value bucket. `owner` alone writes it; `owner` and `readers` may watch it.

    The owner makes it equal to its database at start and every minute.
    """

    name: str
    owner: ServiceName
    readers: tuple[ServiceName, ...]
    max_bytes: int


KEYS = Bucket("keys", "auth", ("gateway",), 1024**2)
PRINCIPALS = Bucket("principals", "auth", ("gateway",), 64 * 1024**2)
WORKFLOWS = Bucket("workflows", "workflow-registry", ("gateway", "node-agent"), 512 * 1024**2)
NODES = Bucket("nodes", "scheduler", ("node-agent",), 16 * 1024**2)

BUCKETS: tuple[Bucket, ...] = (KEYS, PRINCIPALS, WORKFLOWS, NODES)
