"""Sends the requests about model files, and finds those that workflows declare."""

from collections.abc import Sequence
from urllib.parse import quote
from uuid import UUID

from pydantic import TypeAdapter

from comfyfleet import CommandError
from comfyfleet.client import authoring
from comfyfleet.client.api import FleetClient
from contracts.model_files import NodeModelsView, TransferView
from workflows.spec.installation import ModelSource

SOURCES = TypeAdapter(list[ModelSource])


def fetch(client: FleetClient, node_id: UUID, source: ModelSource) -> TransferView:
    """Let the node's agent fetch the file, or go on with it. To repeat this does no harm."""
    path = f"/v1/nodes/{node_id}/models/{source.folder}/{quote(source.name)}"
    body = {"url": source.url, "sha256": source.sha256}
    return client.ask(TransferView, "PUT", path, json=body)


def folder(client: FleetClient, node_id: UUID) -> NodeModelsView:
    return client.ask(NodeModelsView, "GET", f"/v1/nodes/{node_id}/models")


def declared(
    client: FleetClient, references: Sequence[tuple[str, int | None]]
) -> list[ModelSource]:
    """Return the model files that these workflows declare, each once.

    Raises CommandError if two of them declare a file of one name with different contents.
    """
    found: dict[tuple[str, str], ModelSource] = {}
    for name, version in references:
        spec = authoring.content(client, name, version).spec
        for source in SOURCES.validate_python(spec.get("requires", {}).get("models", [])):
            known = found.setdefault((source.folder, source.name), source)
            if known.sha256 != source.sha256:
                text = f"{source.folder}/{source.name} has several contents: {name} and others"
                raise CommandError(f"{text} declare different hashes.")
    return list(found.values())
