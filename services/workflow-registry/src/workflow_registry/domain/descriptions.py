"""What a ComfyUI server says of itself: hostile JSON becomes classes and files one can rely on."""

import hashlib
import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from contracts.errors import InvalidError
from contracts.scheduler.job_requests import ModelFile
from workflows.json_values import as_object, is_array, is_object

MOST_BYTES = 64 * 1024**2
MOST_FOLDER_BYTES = 400 * 1024
"""A folder's names travel in one message."""
Classes: TypeAlias = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Description:
    """One server's graph-node classes, as `object_info` has them, and its model files."""

    classes: Classes
    models: frozenset[ModelFile]


def read_description(digest: str, packed: bytes) -> Description:
    """The description with that digest; Invalid if it is another, or none."""
    try:
        inflate = zlib.decompressobj()
        content = inflate.decompress(packed, MOST_BYTES)
        if inflate.unconsumed_tail or not inflate.eof:
            raise not_that("too big or torn off")
        if hashlib.blake2b(content, digest_size=16).hexdigest() != digest:
            raise not_that("its digest is another")
        document = json.loads(content)
    except (zlib.error, ValueError, RecursionError) as error:
        raise not_that("it cannot be read") from error
    entries = as_object(document)
    return Description(read_classes(entries.get("object_info")), read_models(entries.get("models")))


def not_that(reason: str) -> InvalidError:
    return InvalidError(f"this is not the description: {reason}", code="not_that")


def read_classes(value: Any) -> Classes:
    return {name: read_class(info) for name, info in as_object(value).items() if is_object(info)}


def read_class(info: dict[str, Any]) -> dict[str, Any]:
    """The class with the shapes that `workflows` expects; what has another shape is left out."""
    inputs = {
        section: {name: entry for name, entry in entries.items() if is_declaration(entry)}
        for section, entries in as_object(info.get("input")).items()
        if is_object(entries)
    }
    outputs = info.get("output")
    return {**info, "input": inputs, "output": list(outputs) if is_array(outputs) else []}


def is_declaration(entry: Any) -> bool:
    """`[type or choices]` or `[type or choices, options]`."""
    if not is_array(entry) or not entry:
        return False
    kind = entry[0]
    return (isinstance(kind, str) or is_array(kind)) and (len(entry) == 1 or is_object(entry[1]))


def read_models(value: Any) -> frozenset[ModelFile]:
    return frozenset(
        ModelFile(folder=folder, name=name)
        for folder, names in as_object(value).items()
        if is_array(names)
        for name in names
        if isinstance(name, str)
    )


def sharing(description: Description, pool: dict[bytes, Mapping[str, Any]]) -> Description:
    """The same with each class that `pool` has taken from there: most servers are much alike.

    A class is known by its content; new ones are added to the pool.
    """
    classes = {
        name: pool.setdefault(key_of(info), info) for name, info in description.classes.items()
    }
    return Description(classes, description.models)


def key_of(info: Mapping[str, Any]) -> bytes:
    return hashlib.blake2b(json.dumps(info).encode(), digest_size=16).digest()


def united(descriptions: Iterable[Description]) -> Description:
    """What the servers can do together; of a class that differs, the first stands for all."""
    classes: dict[str, Mapping[str, Any]] = {}
    models: set[ModelFile] = set()
    for description in descriptions:
        classes = {**description.classes, **classes}
        models |= description.models
    return Description(classes, frozenset(models))


def by_folder(models: Iterable[ModelFile]) -> dict[str, list[str]]:
    """File names by folder, sorted, as many as fit into one message."""
    folders: dict[str, list[str]] = {}
    sizes: dict[str, int] = {}
    for model in sorted(models, key=lambda file: (file.folder, file.name)):
        sizes[model.folder] = sizes.get(model.folder, 0) + len(json.dumps(model.name)) + 1
        if sizes[model.folder] <= MOST_FOLDER_BYTES:
            folders.setdefault(model.folder, []).append(model.name)
    return folders
