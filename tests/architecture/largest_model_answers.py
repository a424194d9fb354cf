"""The largest answers about model files on their way."""

from collections.abc import Iterable

from pydantic import BaseModel

from contracts.model_files import MOST_TRANSFERS, NodeModelsView, TransferPhase, TransferView
from contracts.values import fitting

from .largest_registry_answers import text

TRANSFER = TransferView(
    folder=text(64),
    name=text(500),
    phase=TransferPhase.COMPLETED,
    size_bytes=2**63,
    fetched_bytes=2**63,
    reason=text(500),
)
MODEL_ANSWERS: Iterable[BaseModel] = (
    TRANSFER,
    NodeModelsView(
        transfers=fitting([TRANSFER] * MOST_TRANSFERS), used_bytes=2**63, max_bytes=2**63
    ),
)
