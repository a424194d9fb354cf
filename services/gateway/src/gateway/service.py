"""Holds what endpoints and handlers need: the bus, mirrors of buckets, the hub, limits, secrets."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, TypeAlias
from uuid import UUID

from fastapi import Depends, Request

from gateway.http.access import AccessControl
from gateway.http.overload import Overload
from gateway.http.shares import Shares
from gateway.jobs.loader import JobLoader
from gateway.jobs.quota import Quota
from gateway.live.hub import Hub
from gateway.media.signatures import LinkSigner
from gateway.media.store import HttpObjectStore
from gateway.sessions.accounts import Accounts
from gateway.settings import GatewaySettings
from gateway.workflows.catalog import WorkflowCatalog
from runtime.bus.client import Bus


@dataclass(frozen=True)
class Gateway:
    """Everything that one gateway is made of."""

    id: UUID
    settings: GatewaySettings
    bus: Bus
    store: HttpObjectStore
    accounts: Accounts
    catalog: WorkflowCatalog
    access: AccessControl
    overload: Overload
    hub: Hub
    loader: JobLoader
    quota: Quota
    signer: LinkSigner
    idempotency_secret: bytes
    downloads: Shares
    uploads: Shares
    zip_downloads: Shares
    catch_ups: Shares
    exports: Shares
    failing: Callable[[], Awaitable[list[str]]]

    def path(self, path: str) -> str:
        """Return the path as clients see it, behind the prefix of a proxy."""
        return self.settings.path_prefix + path


async def current_gateway(request: Request) -> Gateway:
    return request.app.state.gateway


CurrentGateway: TypeAlias = Annotated[Gateway, Depends(current_gateway)]
