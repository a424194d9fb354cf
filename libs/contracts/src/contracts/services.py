"""The services of a fleet, and the word by which subjects call each of them."""

from typing import Literal, TypeAlias

Service: TypeAlias = Literal[
    "gateway", "auth", "workflow-registry", "scheduler", "media", "node-agent"
]

SERVICES: tuple[Service, ...] = (
    "gateway",
    "auth",
    "workflow-registry",
    "scheduler",
    "media",
    "node-agent",
)

OWNERS: dict[str, Service] = {
    "auth": "auth",
    "registry": "workflow-registry",
    "scheduler": "scheduler",
    "media": "media",
    "node": "node-agent",
}
