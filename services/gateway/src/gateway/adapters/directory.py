"""What the gateway mirrors of KV buckets: keys, principals, workflows, what servers take."""

import asyncio
from collections.abc import Callable, Mapping
from uuid import UUID

from contracts.auth import Principal, SigningKey
from contracts.registry.workflows import ModelFolder, ServerClasses, WorkflowName
from contracts.services import KEYS, PRINCIPALS, WORKFLOWS
from gateway.adapters.tokens import JwtTokens
from gateway.domain.servers import Servers
from runtime.bus.bucket_watch import Mirror
from runtime.bus.client import Bus
from runtime.process.service import Runtime

NAME_PREFIX = "name."
MODELS_PREFIX = "models."
CLASSES_PREFIX = "classes."


class BucketPrincipals:
    def __init__(self, mirror: Mirror[Principal]) -> None:
        self._mirror = mirror

    def get(self, user_id: UUID) -> Principal | None:
        return self._mirror.entries.get(str(user_id))


class Directory:
    """Follows the buckets; `ready` once each was read in full."""

    def __init__(self, accounts_changed: Callable[[], None]) -> None:
        self.tokens = JwtTokens({})
        self.changed = asyncio.Event()
        self._keys = Mirror(SigningKey, self._renew_keys)
        self._principals = Mirror(Principal, accounts_changed)
        self._names = Mirror(WorkflowName, self._say_changed)
        self._models = Mirror(ModelFolder)
        self._classes = Mirror(ServerClasses, self._sort_servers)
        self._sorted: dict[str, ServerClasses] = {}
        self.servers = Servers()
        self._known: dict[str, SigningKey] = {}
        self.principals = BucketPrincipals(self._principals)

    @property
    def names(self) -> Mapping[str, WorkflowName]:
        return {key.removeprefix(NAME_PREFIX): value for key, value in self._names.entries.items()}

    @property
    def models(self) -> Mapping[str, list[str]]:
        """Model files that the fleet has, by folder."""
        return {folder.folder: folder.names for folder in self._models.entries.values()}

    def name(self, name: str) -> WorkflowName | None:
        return self._names.entries.get(NAME_PREFIX + name)

    def follow(self, runtime: Runtime) -> None:
        bus: Bus = runtime.bus
        runtime.spawn(self._keys.follow(bus, KEYS), name="keys")
        runtime.spawn(self._principals.follow(bus, PRINCIPALS), name="principals")
        runtime.spawn(self._names.follow(bus, WORKFLOWS, f"{NAME_PREFIX}*"), name="workflows")
        runtime.spawn(self._models.follow(bus, WORKFLOWS, f"{MODELS_PREFIX}*"), name="models")
        runtime.spawn(self._classes.follow(bus, WORKFLOWS, f"{CLASSES_PREFIX}*"), name="classes")

    async def ready(self) -> None:
        mirrors = (self._keys, self._principals, self._names, self._models, self._classes)
        await asyncio.gather(*(mirror.ready.wait() for mirror in mirrors))

    def _say_changed(self) -> None:
        self.changed.set()
        self.changed = asyncio.Event()

    def _renew_keys(self) -> None:
        if self._keys.entries != self._known:
            self._known = dict(self._keys.entries)
            self.tokens.replace_keys(self._known)

    def _sort_servers(self) -> None:
        if self._classes.entries != self._sorted:
            self._sorted = dict(self._classes.entries)
            self.servers = Servers(self._sorted.values())
