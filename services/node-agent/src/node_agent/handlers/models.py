"""Fetches model files for the servers beside the agent, and tells how far each one is."""

import structlog

from contracts.errors import ConflictError, OperationError
from contracts.model_files import FetchModel, FindModels, NodeModelsView, TransferView
from contracts.values import fitting
from node_agent.domain.transfers import Transfer
from node_agent.ports import ModelFiles
from node_agent.service import Claim, NodeAgent

log = structlog.get_logger()


async def fetch_model(agent: NodeAgent, command: FetchModel) -> TransferView:
    """Start a transfer, join one that is not over, or look anew after one that is."""
    claim, models = agent.claim_of(command.node_id), models_of(agent)
    transfer = Transfer(command)
    transfer.is_listed = is_listed(claim, transfer)
    if (known := agent.transfers.by_name.get(transfer.name)) and known.is_alive:
        if known.content != transfer.content:
            text = "another content of this name is being fetched"
            raise ConflictError(text, code="transfer_exists")
        return known.view()
    agent.transfers.add(transfer)
    claim.tasks.spawn(follow(claim, models, transfer), name=f"fetch {'/'.join(transfer.name)}")
    return transfer.view()


async def find_models(agent: NodeAgent, query: FindModels) -> NodeModelsView:
    agent.claim_of(query.node_id)
    models = models_of(agent)
    newest = reversed(agent.transfers.by_name.values())
    return NodeModelsView(
        transfers=fitting([transfer.view() for transfer in newest]),
        used_bytes=await models.used_bytes(),
        max_bytes=models.max_bytes,
    )


async def follow(claim: Claim, models: ModelFiles, transfer: Transfer) -> None:
    """Fetch the file, and let all servers beside the agent be asked for what they offer now.

    A transfer ends with its claim; whoever asks for it again goes on with it.
    """
    agent = claim.agent
    try:
        await models.fetch(transfer)
        transfer.end()
    except OperationError as error:
        transfer.end(error.message)
    except Exception:  # the outermost loop of a transfer: a bug here must not end the claim
        log.exception("transfer_broke", name=transfer.command.name)
        transfer.end("the agent failed while it fetched it; see the agent's log")
    finally:
        if transfer.is_alive:
            del agent.transfers.by_name[transfer.name]
    for other in agent.claims.values():
        if other:
            other.reported.outdated.set()


def models_of(agent: NodeAgent) -> ModelFiles:
    if agent.models is None:
        text = "the node's agent has no model folder (COMFYFLEET_MODELS_DIR)"
        raise ConflictError(text, code="no_models_dir")
    return agent.models


def is_listed(claim: Claim, transfer: Transfer) -> bool:
    """Return whether the node's server offers the file, as its last description says."""
    description = claim.reported.description
    listed = description.capabilities.models if description else ()
    return any((file.folder, file.name) == transfer.name for file in listed)
