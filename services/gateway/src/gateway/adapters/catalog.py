"""Workflow versions from bucket `workflows`: fetched on demand, parsed once, the latest kept."""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping

from pydantic import ValidationError

from contracts.errors import NotFoundError, UnavailableError
from contracts.registry.workflows import WorkflowName, WorkflowVersionRecord
from contracts.services import WORKFLOWS
from gateway.adapters.directory import Directory
from gateway.domain.servers import Servers
from gateway.domain.versions import Version, parse_version
from runtime.bus.client import Bus


class BucketWorkflows:
    def __init__(self, bus: Bus, directory: Directory, most: int) -> None:
        self._bus = bus
        self._directory = directory
        self._most = most
        self._versions: OrderedDict[str, Version] = OrderedDict()
        self._one_at_a_time = asyncio.Lock()

    @property
    def names(self) -> Mapping[str, WorkflowName]:
        return self._directory.names

    @property
    def models(self) -> Mapping[str, list[str]]:
        return self._directory.models

    @property
    def servers(self) -> Servers:
        return self._directory.servers

    @property
    def changed(self) -> asyncio.Event:
        return self._directory.changed

    def name(self, name: str) -> WorkflowName | None:
        return self._directory.name(name)

    async def version(self, hash_: str) -> Version:
        if known := self._versions.get(hash_):
            self._versions.move_to_end(hash_)
            return known
        async with self._one_at_a_time:
            if hash_ not in self._versions:
                self._versions[hash_] = await self._fetch(hash_)
                if len(self._versions) > self._most:
                    self._versions.popitem(last=False)
            return self._versions[hash_]

    async def _fetch(self, hash_: str) -> Version:
        body = await self._bus.bucket(WORKFLOWS).get(f"version.{hash_}")
        if body is None:
            raise NotFoundError("this version of the workflow is gone")
        try:
            return parse_version(WorkflowVersionRecord.model_validate_json(body))
        except ValidationError as error:
            message = "this gateway is too old for the workflow"
            raise UnavailableError(message, code="unreadable_version", retry_in=30) from error
