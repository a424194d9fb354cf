"""Reports the capabilities of a server.

The scheduler gets names; the registry, which checks workflows, gets the whole description.
"""

import asyncio
import base64
import json

import structlog

from contracts.errors import OperationError
from contracts.registry.requests import FindDescription, StoreDescription
from contracts.scheduler.claims import ReportCapabilities
from contracts.scheduler.job_requests import ModelFile
from contracts.scheduler.nodes import Capabilities
from node_agent.domain.admission import STALE_CLAIM
from node_agent.ports import Description, UnreachableError
from node_agent.service import Claim
from runtime.wait import wait_for

log = structlog.get_logger()

PAGE_BYTES = 330_000
"""440 KB as base64: a message may have 512 KiB."""
MAX_PAGES = 64
REPORT_BYTES = 440_000
FIELDS = tuple(ModelFile.model_fields)
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
    pages = report_pages(found.capabilities)
    for number, page in enumerate(pages):
        message = ReportCapabilities(
            node_id=claim.id,
            claim=claim.number,
            devices=list(found.devices),
            capabilities=page,
            page=number,
            pages=len(pages),
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


def report_pages(whole: Capabilities) -> list[Capabilities]:
    """Divide the names into parts that fit into a message each; there is at least one."""
    pages, free = [empty_page(whole)], REPORT_BYTES
    for entry in (*whole.classes, *whole.models):
        free -= size_of(entry)
        if free < 0:
            pages.append(empty_page(whole))
            free = REPORT_BYTES - size_of(entry)
        if isinstance(entry, str):
            pages[-1].classes.append(entry)
        else:
            pages[-1].models.append(entry)
    return pages


def empty_page(whole: Capabilities) -> Capabilities:
    return whole.model_copy(update={"classes": [], "models": []})


def size_of(entry: str | ModelFile) -> int:
    """Return the most bytes that the entry takes in a message."""
    texts = [entry] if isinstance(entry, str) else [entry.folder, entry.name, *FIELDS]
    return sum(len(json.dumps(text)) + 2 for text in texts)


def pages_of(packed: bytes) -> list[bytes]:
    return [packed[start : start + PAGE_BYTES] for start in range(0, len(packed), PAGE_BYTES)]
