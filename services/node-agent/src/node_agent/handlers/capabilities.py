"""Reports what a server can run.

The scheduler gets names; the registry, which checks workflows, gets the whole description.
"""

import asyncio
import base64
import contextlib

import structlog

from contracts.errors import OperationError
from contracts.registry.requests import FindDescription, StoreDescription
from contracts.scheduler.claims import ReportCapabilities
from node_agent.domain.admission import StaleClaimError
from node_agent.ports import Description, UnreachableError
from node_agent.service import Claim

log = structlog.get_logger()

PAGE_BYTES = 330_000
"""440 KB as base64: a message may have 512 KiB."""
MAX_PAGES = 64
RETRY_SECONDS = 2.0
REGISTRY_RETRY_SECONDS = 5.0
AGAIN_SECONDS = 60.0
"""Between two looks; the registry may have forgotten the description meanwhile."""


async def keep_scheduler_informed(claim: Claim) -> None:
    """Report capabilities to the scheduler when they changed, until canceled.

    Looks every 60 s, when the server came back, and when an attempt missed something.
    """
    known: str | None = None
    while True:
        claim.outdated.clear()
        try:
            known = await report_capabilities(claim, known)
            claim.complaint = None
        except UnreachableError as error:
            claim.complaint = f"{claim.address} {error.message}"
            await asyncio.sleep(RETRY_SECONDS)
            continue
        except OperationError as error:
            if error.code == StaleClaimError.code:
                raise StaleClaimError(error.message) from error
            log.info("capabilities_unknown", node_id=str(claim.id), reason=error.message)
            await asyncio.sleep(RETRY_SECONDS)
            continue
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(AGAIN_SECONDS):
                await claim.outdated.wait()


async def report_capabilities(claim: Claim, known: str | None) -> str:
    """Report them unless their digest is `known`; return the digest that the scheduler knows."""
    description = await claim.engine.describe()
    found = description.capabilities
    if found.digest != known:
        message = ReportCapabilities(
            node_id=claim.id,
            claim=claim.number,
            devices=list(description.devices),
            capabilities=found,
        )
        await claim.agent.bus.call(message)
        claim.description = description
        claim.described.set()
    return found.digest


async def keep_registry_informed(claim: Claim) -> None:
    """Send the newest description to the registry unless it is known there, until canceled.

    Looks after each new description and every 60 s.
    """
    while True:
        claim.described.clear()
        pause = AGAIN_SECONDS
        if claim.description:
            try:
                await send_description(claim, claim.description)
            except OperationError as error:
                log.info("description_not_sent", node_id=str(claim.id), reason=error.message)
                pause = REGISTRY_RETRY_SECONDS
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await claim.described.wait()


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
