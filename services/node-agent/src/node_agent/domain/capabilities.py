"""What a ComfyUI server can run, under a digest that is the same as long as it is the same."""

import hashlib
import json
from collections.abc import Iterable, Mapping

from contracts.nodes import Capabilities
from contracts.scheduling import ModelFile

NOT_MODELS = frozenset({"custom_nodes"})
MOST_MODELS, MOST_CLASSES = 3_000, 8_000
"""So that a report stays below the bus's 512 KiB."""


def capabilities(
    version: str, classes: Iterable[str], models: Mapping[str, Iterable[str]]
) -> Capabilities:
    names = sorted(classes)[:MOST_CLASSES]
    files = sorted(
        (folder, name)
        for folder, names_there in models.items()
        if folder not in NOT_MODELS
        for name in names_there
    )[:MOST_MODELS]
    content = json.dumps([version, names, files]).encode()
    return Capabilities(
        digest=hashlib.blake2b(content, digest_size=16).hexdigest(),
        version=version,
        classes=names,
        models=[ModelFile(folder=folder, name=name) for folder, name in files],
    )
