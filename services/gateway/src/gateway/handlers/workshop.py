"""Graphs and specs as people send them: read here, judged by the registry."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from contracts.access import Actor
from contracts.catalog import WorkflowName
from contracts.errors import InvalidError
from contracts.registry import (
    ProposalView,
    ProposeSpec,
    UploadView,
    UploadWorkflow,
    ValidateWorkflow,
    ValidationView,
)
from gateway.domain.requests import ProposalRequest, WorkflowRequest
from gateway.ports import Owners, Workflows
from workflows.read import canonical_bytes, read_mapping

CHECK_SECONDS = 30.0
CAUGHT_UP_SECONDS = 2.0
MOST_BYTES = 500 * 1024
"""Of graph and spec together: they travel in one message."""


async def caught_up(workflows: Workflows, name: str, is_so: Callable[[WorkflowName], bool]) -> None:
    """Wait until this gateway knows what its caller was just told; another one may take longer.

    Else a job sent right after an upload would not find its workflow.
    """
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(CAUGHT_UP_SECONDS):
            while not ((known := workflows.name(name)) and is_so(known)):
                await workflows.changed.wait()


async def upload(owners: Owners, actor: Actor, sent: WorkflowRequest) -> UploadView:
    graph, spec = await read(sent)
    command = UploadWorkflow(actor=actor, graph=graph, spec=spec, activate=sent.activate)
    return await owners.call(command, within=CHECK_SECONDS)


async def validate(owners: Owners, actor: Actor, sent: WorkflowRequest) -> ValidationView:
    graph, spec = await read(sent)
    query = ValidateWorkflow(actor=actor, graph=graph, spec=spec)
    return await owners.call(query, within=CHECK_SECONDS)


async def propose(owners: Owners, actor: Actor, wanted: ProposalRequest) -> ProposalView:
    graph = await asyncio.to_thread(read_mapping, wanted.graph, "graph")
    query = ProposeSpec(actor=actor, name=wanted.name, graph=graph)
    return await owners.call(query, within=CHECK_SECONDS)


async def read(sent: WorkflowRequest) -> tuple[dict[str, Any], dict[str, Any]]:
    """Graph and spec as JSON. In a thread: half a megabyte of YAML takes seconds."""
    return await asyncio.to_thread(parse, sent)


def parse(sent: WorkflowRequest) -> tuple[dict[str, Any], dict[str, Any]]:
    graph, spec = read_mapping(sent.graph, "graph"), read_mapping(sent.spec, "spec")
    if len(canonical_bytes(graph, "graph")) + len(canonical_bytes(spec, "spec")) > MOST_BYTES:
        message = f"graph and spec are over {MOST_BYTES // 1024} KiB together"
        raise InvalidError(message, code="too_big")
    return graph, spec
