"""Graphs and specs as people send them: read here, judged by the registry."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from contracts.access import Actor
from contracts.errors import InvalidError
from contracts.registry.requests import (
    ProposalView,
    ProposeSpec,
    UploadView,
    UploadWorkflow,
    ValidateWorkflow,
    ValidationView,
)
from contracts.registry.workflows import WorkflowName
from gateway.domain.requests import ProposalRequest, WorkflowRequest
from gateway.ports import Owners, Workflows
from workflows.spec.documents import canonical_bytes, read_mapping

CHECK_SECONDS = 30.0
CAUGHT_UP_SECONDS = 2.0
MOST_BYTES = 500 * 1024
"""Of all parts together: they travel in one message."""


async def caught_up(workflows: Workflows, name: str, is_so: Callable[[WorkflowName], bool]) -> None:
    """Wait until this gateway knows what its caller was just told; another one may take longer.

    Else a job sent right after an upload would not find its workflow.
    """
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(CAUGHT_UP_SECONDS):
            while not ((known := workflows.name(name)) and is_so(known)):
                await workflows.changed.wait()


async def upload(owners: Owners, actor: Actor, sent: WorkflowRequest) -> UploadView:
    parts = await asyncio.to_thread(read, sent)
    command = UploadWorkflow(actor=actor, activate=sent.activate, **parts)
    return await owners.call(command, within=CHECK_SECONDS)


async def validate(owners: Owners, actor: Actor, sent: WorkflowRequest) -> ValidationView:
    parts = await asyncio.to_thread(read, sent)
    return await owners.call(ValidateWorkflow(actor=actor, **parts), within=CHECK_SECONDS)


async def propose(owners: Owners, actor: Actor, wanted: ProposalRequest) -> ProposalView:
    graph = await asyncio.to_thread(read_mapping, wanted.graph, "graph")
    query = ProposeSpec(actor=actor, name=wanted.name, graph=graph)
    return await owners.call(query, within=CHECK_SECONDS)


def read(sent: WorkflowRequest) -> dict[str, dict[str, Any]]:
    """Graph, spec and library as JSON; for a thread, as half a megabyte of YAML takes seconds."""
    texts = {"graph": sent.graph, "spec": sent.spec, "library": sent.library}
    parts = {name: read_mapping(text, name) for name, text in texts.items() if text is not None}
    if sum(len(canonical_bytes(part, name)) for name, part in parts.items()) > MOST_BYTES:
        message = f"{' and '.join(parts)} are over {MOST_BYTES // 1024} KiB together"
        raise InvalidError(message, code="too_big")
    return parts
