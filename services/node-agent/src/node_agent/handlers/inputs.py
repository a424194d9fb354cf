"""Fetches the workflow version and the input files of an attempt, before it takes the slot."""

from io import BytesIO
from tempfile import TemporaryFile
from typing import IO

from pydantic import ValidationError

from contracts.agent import Cause
from contracts.errors import OperationError, UnavailableError
from contracts.media.attempts import FindInputFiles, InputFile, InputFiles
from contracts.registry.workflows import WorkflowVersionRecord
from contracts.services import WORKFLOWS
from node_agent.domain.endings import failed_error
from node_agent.handlers.retry import retried
from node_agent.ports import TransferError, UnreachableError, Version
from node_agent.service import Attempt, Claim
from runtime.bus.bucket import read_value
from runtime.bus.client import Bus
from workflows import Spec

STAGING_SECONDS = 15.0
VERSION_SECONDS = 3.0
"""Time for a slow relay: the registry publishes a version before anybody can name it."""
MAX_IN_MEMORY = 4 * 1024**2
"""Smaller files stay in memory, so a full disk of the agent stops only larger files."""
PREFIX = "comfyfleet-"


async def find_version(claim: Claim, attempt: Attempt) -> Version:
    """Return the version that the attempt names, from bucket `workflows`; it never changes."""
    kept, wanted = claim.agent.versions, attempt.order.version_hash
    if wanted not in kept:
        try:
            kept[wanted] = await retried(
                lambda: read_version(claim.agent.bus, wanted), within=VERSION_SECONDS
            )
        except UnavailableError as error:
            raise failed_error(Cause.INPUT, "version_unavailable", error.message) from error
    return kept[wanted]


async def read_version(bus: Bus, version_hash: str) -> Version:
    """Read the version. Raises UnavailableError if it is missing or not readable."""
    value = await read_value(bus, WORKFLOWS, f"version.{version_hash}")
    try:
        record = WorkflowVersionRecord.model_validate_json(value or b"")
        return Version(record.graph, Spec.model_validate(record.spec))
    except ValidationError as error:
        text = f"The workflow version {version_hash} is not published."
        raise UnavailableError(text) from error


async def stage(claim: Claim, attempt: Attempt) -> dict[str, str]:
    """Send the input files to the server, each once; return media id → name on the server."""
    if not attempt.order.media:
        return {}
    grant = attempt.order.grant
    try:
        files = await retried(lambda: bring_inputs(claim, grant), within=STAGING_SECONDS)
    except (OperationError, TransferError) as error:
        raise failed_error(Cause.INPUT, "inputs_unavailable", error.message) from error
    return {str(file.media_id): file.name for file in files.items}


async def bring_inputs(claim: Claim, grant: str) -> InputFiles:
    """Send only files that the server lacks; a repetition gets new URLs."""
    files = await claim.agent.bus.call(FindInputFiles(node_id=claim.id, grant=grant))
    for file in files.items:
        if not claim.engine.has_input(file.name):
            await send(claim, file)
    return files


async def send(claim: Claim, file: InputFile) -> None:
    with buffer_of(file.size_bytes) as content:
        await claim.agent.store.fetch(file, content)
        try:
            await claim.engine.upload(file, content)
        except UnreachableError as error:
            text = f"The engine {error.message}."
            raise failed_error(Cause.UNREACHABLE, "unreachable", text) from error


def buffer_of(size_bytes: int) -> IO[bytes]:
    """Return an empty file for so many bytes. Raises OSError if the disk has no space."""
    return BytesIO() if size_bytes <= MAX_IN_MEMORY else TemporaryFile(prefix=PREFIX)
