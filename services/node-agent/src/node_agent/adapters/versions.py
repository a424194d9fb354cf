"""Workflow versions from bucket `workflows`, the parsed ones kept: a version never changes."""

from collections import OrderedDict
from typing import Protocol

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
        self._kept: OrderedDict[str, Version] = OrderedDict()

    async def find(self, version_hash: str) -> Version | None:
        """None if it is not there (yet), or is of a format that this agent cannot read."""
        if version_hash not in self._kept:
            value = await self._bucket.get(f"version.{version_hash}")
            version = parse(value) if value else None
            if version is None:
                return None
            self._kept[version_hash] = version
        self._kept.move_to_end(version_hash)
        while len(self._kept) > MOST:
            self._kept.popitem(last=False)
        return self._kept[version_hash]


def parse(value: bytes) -> Version | None:
    try:
        record = WorkflowVersionRecord.model_validate_json(value)
        return Version(record.graph, Spec.model_validate(record.spec))
    except ValidationError:
        return None
