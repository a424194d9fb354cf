"""Reports the capabilities of a server.

The scheduler gets names; the registry, which checks workflows, gets the whole description.
"""

import asyncio
import base64

import structlog

from contracts.errors import OperationError
from contracts.registry.requests import FindDescription, StoreDescription
from contracts.scheduler.claims import ReportCapabilities
from node_agent.domain.admission import STALE_CLAIM
from node_agent.ports import Description, UnreachableError
from node_agent.service import Claim
from runtime.wait import wait_for

log = structlog.get_logger()

PAGE_BYTES = 330_000
"""440 KB as base64: a message may have 512 KiB."""
MAX_PAGES = 64
RETRY_SECONDS = 2.0
REGISTRY_RETRY_SECONDS = 5.0
AGAIN_SECONDS = 60.0
"""Pause between reports; the registry may have deleted the description meanwhile."""


async def keep_scheduler_informed(claim: Claim) -> None:
    """Report capabilities to the scheduler when they changed, until canceled.

    Runs every 60 s, and thoroughly after a claim, after an outage of the server, and after an
    attempt whose model or class was missing.
    """
    is_thorough = True
    while True:
        claim.reported.outdated.clear()
        try:
            await report_capabilities(claim, is_thorough=is_thorough)
        except UnreachableError as error:
            claim.reported.problem = f"{claim.address} {error.message}"
            await asyncio.sleep(RETRY_SECONDS)
        except OperationError as error:
            if error.code == STALE_CLAIM:
                raise
            log.info("capabilities_unknown", node_id=str(claim.id), reason=error.message)
            await asyncio.sleep(RETRY_SECONDS)
        else:
            claim.reported.problem = None
            is_thorough = await wait_for(claim.reported.outdated, AGAIN_SECONDS)


async def report_capabilities(claim: Claim, *, is_thorough: bool) -> None:
    """Report the capabilities, unless the scheduler knows their digest."""
    found = await claim.engine.describe(is_thorough=is_thorough)
    known = claim.reported.description
    if known and known.capabilities.digest == found.capabilities.digest:
        return
    message = ReportCapabilities(
        node_id=claim.id,
        claim=claim.number,
        devices=list(found.devices),
        capabilities=found.capabilities,
    )
    await claim.agent.bus.call(message)
    claim.reported.description = found
    claim.reported.described.set()


async def keep_registry_informed(claim: Claim) -> None:
    """Send the newest description to the registry unless it is known there, until canceled.

    Runs after each new description and every 60 s.
    """
    while True:
        claim.reported.described.clear()
        pause = AGAIN_SECONDS
        if claim.reported.description:
            try:
                await send_description(claim, claim.reported.description)
            except OperationError as error:
                log.info("description_not_sent", node_id=str(claim.id), reason=error.message)
                pause = REGISTRY_RETRY_SECONDS
        await wait_for(claim.reported.described, pause)


async def send_description(claim: Claim, description: Description) -> None:
    digest, bus = description.capabilities.digest, claim.agent.bus
    if (await bus.call(FindDescription(node_id=claim.id, digest=digest))).is_known:
        return
    pages = pages_of(description.packed)
    if len(pages) > MAX_PAGES:
        log.warning("description_too_big", node_id=str(claim.id), size=len(description.packed))
        return
    for number, page in enumerate(pages):
        data = base64.b64encode(page).decode()
        await bus.call(
            StoreDescription(
                node_id=claim.id, digest=digest, page=number, pages=len(pages), data=data
            )
        )


def pages_of(packed: bytes) -> list[bytes]:
    return [packed[start : start + PAGE_BYTES] for start in range(0, len(packed), PAGE_BYTES)]
