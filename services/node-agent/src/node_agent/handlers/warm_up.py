"""Runs a chosen workflow on a server after its start, so that no job waits for models to load.

It is no job: it has no owner and its results are thrown away. A server whose warm-up fails takes
jobs all the same, and its node says why.
"""

import asyncio
import secrets
from contextlib import suppress

import structlog

from contracts.errors import InvalidError, NotFoundError, OperationError
from contracts.registry.workflows import WorkflowEntry
from contracts.services import WORKFLOWS
from contracts.values import as_reference, new_id
from node_agent.domain.endings import AttemptEndedError
from node_agent.domain.managed import ManagedServer, WarmUp
from node_agent.ports import EngineTask, Version
from node_agent.service import Claim
from runtime.bus.bucket import read_value
from workflows import media_uses, validate_inputs

log = structlog.get_logger()
SEEDS = 2**53


async def warm_up(claim: Claim, server: ManagedServer) -> None:
    """Run the workflow; afterwards the server counts as warm, whatever came of it."""
    plan, number = server.warm_up, server.starts
    if plan is None:
        return
    problem = await problem_of(claim, server, plan)
    log.info("server_warmed_up", node_id=str(claim.id), problem=problem)
    if server.starts != number or not server.is_up:
        return  # the process died meanwhile; its successor is warmed up anew
    server.is_warm = True
    if problem:
        server.warm_up_problem = f"its warm-up with {plan.workflow} failed: {problem}"
    claim.beat_due.set()


async def problem_of(claim: Claim, server: ManagedServer, plan: WarmUp) -> str | None:
    """Run the workflow and return why it failed; None if it ran to its end."""
    try:
        async with asyncio.timeout(plan.seconds), claim.attempts.slot:
            await run_once(claim, server, plan)
    except (AttemptEndedError, OperationError) as error:
        return str(error)
    except TimeoutError:
        return f"it did not end within {plan.seconds:g} s"
    except Exception as error:  # the outermost loop of a warm-up: a bug must not end the claim
        log.exception("warm_up_broke")
        return f"it cannot be run ({error!r})"
    return None


async def run_once(claim: Claim, server: ManagedServer, plan: WarmUp) -> None:
    version = await find_version(claim, plan.workflow)
    inputs = validate_inputs(version.spec, plan.inputs, lambda: secrets.randbelow(SEEDS))
    if list(media_uses(version.spec, inputs)):
        raise InvalidError("its inputs have media, which a warm-up cannot read")
    task = EngineTask(
        attempt_id=new_id(),
        timeout_seconds=plan.seconds,
        progressed=lambda _: None,
        previewed=lambda _: None,
        is_watched=lambda: False,
    )
    server.warm_up_id = task.attempt_id
    try:
        await claim.engine.run(task, claim.engine.prepare(task, version, inputs, {}))
    except BaseException:
        server.warm_up_id = None  # the next beat removes a prompt that is still inside
        raise
    with suppress(OperationError):
        await claim.engine.discard(task.attempt_id)
    server.warm_up_id = None


async def find_version(claim: Claim, reference: str) -> Version:
    """Return the version that `name@version` names, or the active one of `name`."""
    name, _, number = as_reference(reference).partition("@")
    body = await read_value(claim.agent.bus, WORKFLOWS, f"name.{name}")
    if body is None:
        raise NotFoundError(f"there is no workflow {name}")
    entry = WorkflowEntry.model_validate_json(body)
    chosen = int(number) if number else entry.active_version
    if chosen is None or chosen not in entry.versions:
        raise NotFoundError(f"workflow {name} has no such version")
    return await claim.agent.versions.read(entry.versions[chosen])
