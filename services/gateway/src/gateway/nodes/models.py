"""Endpoints of model files: an agent fetches them for the servers beside it."""

from typing import Annotated

from fastapi import APIRouter, Path

from contracts.access import Actor, Permission
from contracts.model_files import (
    FetchModel,
    FileName,
    FindModels,
    Folder,
    ModelOrigin,
    NodeModelsView,
    TransferView,
)
from gateway.http.access import Allowed
from gateway.http.answers import refusals
from gateway.http.bodies import Body, Strict
from gateway.nodes.agents import ask_agent
from gateway.nodes.endpoints import NodeId
from gateway.service import CurrentGateway

router = APIRouter(prefix="/v1/nodes", tags=["nodes"])


class ModelRequest(ModelOrigin, Strict):
    """A model file to fetch."""


@router.get(
    "/{node_id}/models",
    summary="Show the model folder of a node's agent",
    responses=refusals("no_models_dir", "no_agent", "stale_claim"),
)
async def find_models(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.NODES_READ)],
    node_id: NodeId,
) -> NodeModelsView:
    """The answer tells how far each transfer is, and how full the folder is."""
    return await ask_agent(gateway, actor, node_id, FindModels(actor=actor, node_id=node_id))


@router.put(
    "/{node_id}/models/{folder}/{name:path}",
    summary="Fetch a model file for a node",
    responses=refusals(
        "no_models_dir", "transfer_exists", "transfers_full", "no_agent", "stale_claim"
    ),
)
async def fetch_model(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.NODES_WRITE)],
    node_id: NodeId,
    folder: Annotated[Folder, Path(description="Model folder: `checkpoints`.")],
    name: Annotated[
        FileName, Path(description="Name in it, with folders: `sdxl/base.safetensors`.")
    ],
    body: Body[ModelRequest],
) -> TransferView:
    """The node's agent fetches the file into its folder of models, if it is not there.

    The answer tells how far it is; a repetition joins the transfer, goes on with one that was cut,
    and tries one again that failed. Jobs that wait for the file run when it is there. Nothing is
    replaced: a file of this name with another content is kept, and the transfer fails.
    """
    origin = ModelOrigin(url=body.url, sha256=body.sha256)
    command = FetchModel(actor=actor, node_id=node_id, folder=folder, name=name, origin=origin)
    return await ask_agent(gateway, actor, node_id, command)
