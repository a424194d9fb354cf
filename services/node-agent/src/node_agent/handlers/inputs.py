"""Fetches the workflow version and the input files of an attempt, before it takes the slot."""

from functools import partial
from io import BytesIO
from tempfile import TemporaryFile
from typing import IO

from contracts.agent import Cause
from contracts.errors import NotFoundError, OperationError, UnavailableError
from contracts.media.attempts import FindInputFiles, InputFile
from node_agent.domain.endings import failed_error
from node_agent.handlers.retry import retried
from node_agent.ports import (
    NoSpaceError,
    StoreAwayError,
    UnreachableError,
    UrlRefusedError,
    Version,
)
from node_agent.service import Attempt, Claim
from runtime.bus.bucket import UnreadableValueError

STAGING_SECONDS = 15.0
VERSION_SECONDS = 3.0
"""Time for a slow relay: the registry publishes a version before anybody can name it."""
MAX_IN_MEMORY = 4 * 1024**2
"""Smaller files stay in memory, so a full disk of the agent stops only larger files."""
PREFIX = "comfyfleet-"


async def find_version(claim: Claim, attempt: Attempt) -> Version:
    """Return the version that the attempt names."""
    read = partial(claim.agent.versions.read, attempt.order.version_hash)
    try:
        return await retried(read, within=VERSION_SECONDS, also=NotFoundError)
    except (NotFoundError, UnavailableError) as error:
        is_lost = isinstance(error, NotFoundError)
        cause = Cause.UNAVAILABLE if is_lost or is_away(error) else Cause.INPUT
        raise failed_error(cause, "version_unavailable", error.message) from error


async def stage(claim: Claim, attempt: Attempt) -> dict[str, str]:
    """Send the input files to the server, each once; return media id → name on the server."""
    if not attempt.order.media:
        return {}
    try:
        files = await retried(lambda: bring_inputs(claim, attempt), within=STAGING_SECONDS)
    except OperationError as error:
        cause = Cause.UNAVAILABLE if is_away(error) else Cause.INPUT
        raise failed_error(cause, "inputs_unavailable", error.message) from error
    return {str(file.media_id): file.name for file in files}


def is_away(error: OperationError) -> bool:
    """Return whether a service is away, which is the fault of neither the job nor the node."""
    if isinstance(error, StoreAwayError):
        return True
    is_nodes = isinstance(error, NoSpaceError | UrlRefusedError | UnreadableValueError)
    return isinstance(error, UnavailableError) and not is_nodes


async def bring_inputs(claim: Claim, attempt: Attempt) -> list[InputFile]:
    """Send only files that the server lacks; a repetition gets new URLs."""
    query = FindInputFiles(node_id=claim.id, grant=attempt.order.grant)
    found = await claim.agent.bus.call(query)
    names = [claim.engine.keep_input(attempt.id, file.name) for file in found.items]
    files = [
        file.model_copy(update={"name": name})
        for file, name in zip(found.items, names, strict=True)
    ]
    for file in files:
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
