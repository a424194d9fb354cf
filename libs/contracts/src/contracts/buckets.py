"""Key-value buckets: state that one service owns and others cache."""

from dataclasses import dataclass

from contracts.services import Service


@dataclass(frozen=True, slots=True)
class Bucket:
    """`owner` writes, made equal to its database at start and every minute; `readers` watch."""

    name: str
    owner: Service
    readers: tuple[Service, ...]
    max_bytes: int


KEYS = Bucket("keys", "auth", ("gateway",), 1024**2)
PRINCIPALS = Bucket("principals", "auth", ("gateway",), 64 * 1024**2)
WORKFLOWS = Bucket("workflows", "workflow-registry", ("gateway", "node-agent"), 512 * 1024**2)
NODES = Bucket("nodes", "scheduler", ("node-agent",), 16 * 1024**2)

BUCKETS: tuple[Bucket, ...] = (KEYS, PRINCIPALS, WORKFLOWS, NODES)
