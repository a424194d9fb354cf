"""Before the slot: the version, the input files on the server, the graph that may be posted."""

from typing import Any

from contracts.agent import Cause
from contracts.errors import InvalidError, OperationError, UnavailableError
from contracts.media.attempts import InputFile, InputFiles, StageInputs
from node_agent.domain.outcome import presentable
from node_agent.handlers.ending import failure, patiently
from node_agent.handlers.node import Attempt, Node
from node_agent.handlers.parcel import parcel_of
from node_agent.ports import TransferError, UnreachableError, Version
from workflows import render, seal

PATIENCE_SECONDS = 20.0
VERSION_SECONDS = 4.0
"""The registry publishes a version before anybody can name it; this is for a slow relay."""


async def find_version(node: Node, attempt: Attempt) -> Version:
    wanted = attempt.order.version_hash
    tools = node.tools

    async def find() -> Version:
        version = await tools.versions.find(wanted)
        if version is None:
            raise UnavailableError(f"The workflow version {wanted} is not published.")
        return version

    try:
        return await patiently(find, tools.tuning, within=VERSION_SECONDS)
    except UnavailableError as error:
        raise failure(Cause.INPUT, "version_unavailable", error.message) from error


async def prepare(node: Node, attempt: Attempt, version: Version) -> dict[str, Any]:
    """The graph as it may be posted; its input files are on the server then."""
    staged = await stage(node, attempt)
    try:
        graph = render(version.graph, version.spec, attempt.order.inputs, staged)
        return dict(seal(graph, prefix_of(attempt)))
    except InvalidError as error:
        detail = "; ".join(f"{e.path}: {e.message}" for e in error.errors[:3])
        text = presentable(f"{error.message} {detail}".strip())
        raise failure(Cause.WORKFLOW, "graph_refused", text) from error
    except (KeyError, TypeError, ValueError, IndexError) as error:
        # the gateway validated these inputs, so version and inputs do not belong together
        text = "The inputs do not fit the workflow version."
        raise failure(Cause.WORKFLOW, "inputs_refused", text) from error


def prefix_of(attempt: Attempt) -> str:
    """Folder of everything that the attempt writes on the server."""
    return f"cf/{attempt.prompt_id}"


async def stage(node: Node, attempt: Attempt) -> dict[str, str]:
    """Bring the input files to the server, each once; media id → name there."""
    if not attempt.order.media:
        return {}
    try:
        files = await patiently(
            lambda: bring_inputs(node, attempt.order.grant),
            node.tools.tuning,
            within=PATIENCE_SECONDS,
        )
    except (OperationError, TransferError) as error:
        raise failure(Cause.INPUT, "inputs_unavailable", error.message) from error
    return {str(file.media_id): file.name for file in files.items}


async def bring_inputs(node: Node, grant: str) -> InputFiles:
    """What is there is not sent again, so that this can be repeated, with new URLs."""
    files = await node.tools.calls.call(StageInputs(node_id=node.id, grant=grant))
    for file in files.items:
        if not node.staged.has(file.name, node.now):
            await send(node, file)
    return files


async def send(node: Node, file: InputFile) -> None:
    """Names come from the content, so sending one twice does no harm."""
    with parcel_of(file.size_bytes) as content:
        await node.tools.store.fetch(file, content)
        try:
            await node.comfy.upload(file.name, content, file.content_type)
        except UnreachableError as error:
            text = f"ComfyUI {error.message}."
            raise failure(Cause.UNREACHABLE, "unreachable", text) from error
    node.staged.add(file.name, node.now)
