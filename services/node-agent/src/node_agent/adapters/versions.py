"""Reads workflow versions from bucket `workflows`, and keeps them: a version never changes."""

from typing import Protocol

from cachetools import LRUCache
from pydantic import ValidationError

from contracts.registry.workflows import WorkflowVersionRecord
from node_agent.ports import Version
from workflows import Spec

MOST = 256


class Reader(Protocol):
    async def get(self, key: str) -> bytes | None: ...


class KeptVersions:
    """The most recently used versions."""

    def __init__(self, bucket: Reader) -> None:
        self._bucket = bucket
        self._kept = LRUCache[str, Version](MOST)

    async def find(self, version_hash: str) -> Version | None:
        """None if it is not there (yet), or is of a format that this agent cannot read."""
        if version := self._kept.get(version_hash):
            return version
        value = await self._bucket.get(f"version.{version_hash}")
        version = parse(value) if value else None
        if version:
            self._kept[version_hash] = version
        return version


def parse(value: bytes) -> Version | None:
    try:
        record = WorkflowVersionRecord.model_validate_json(value)
        return Version(record.graph, Spec.model_validate(record.spec))
    except ValidationError:
        return None
