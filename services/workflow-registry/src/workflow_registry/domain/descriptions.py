"""Parses descriptions of servers: untrusted JSON becomes checked classes and models.

A description names its engine, and `READERS` has the reader of each engine.
"""

import hashlib
import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from contracts.errors import InvalidError
from contracts.registry.workflows import ModelFolder
from contracts.scheduler.job_requests import ModelFile
from workflows.compatibility.object_info import ENGINE
from workflows.file_names import with_slashes
from workflows.json_values import as_object, is_array, is_object

MAX_BYTES = 64 * 1024**2
MAX_PAGE_BYTES = 400 * 1024
"""A bucket refuses values over 512 KiB."""
Classes: TypeAlias = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Description:
    """One server's graph-node classes, in the format of its engine, and its model files.

    Both are empty if no reader knows the engine: then the server counts as not described.
    """

    classes: Classes
    models: frozenset[ModelFile]
    engine: str = ENGINE

    @property
    def is_readable(self) -> bool:
        return self.engine in READERS


def read_description(digest: str, packed: bytes) -> Description:
    """Parse the description with that digest. Raises Invalid if the content is not that."""
    try:
        inflate = zlib.decompressobj()
        content = inflate.decompress(packed, MAX_BYTES)
        if inflate.unconsumed_tail or not inflate.eof:
            raise mismatch("it is too big or cut off")
        if hashlib.blake2b(content, digest_size=16).hexdigest() != digest:
            raise mismatch("its content has another digest")
        document = json.loads(content)
    except (zlib.error, ValueError, RecursionError) as error:
        raise mismatch("it cannot be read") from error
    entries = as_object(document)
    engine = str(entries.get("engine", ENGINE))  # older agents did not name it
    reader = READERS.get(engine)
    return reader(entries) if reader else Description({}, frozenset(), engine)


def mismatch(reason: str) -> InvalidError:
    return InvalidError(f"the description is not usable: {reason}", code="digest_mismatch")


def read_comfyui(entries: Mapping[str, Any]) -> Description:
    return Description(read_classes(entries.get("object_info")), read_models(entries.get("models")))


def read_classes(value: Any) -> Classes:
    return {name: read_class(info) for name, info in as_object(value).items() if is_object(info)}


def read_class(info: dict[str, Any]) -> dict[str, Any]:
    """Return the class in the shape that `workflows` expects, without anything else."""
    inputs = {
        section: {name: entry for name, entry in entries.items() if is_declaration(entry)}
        for section, entries in as_object(info.get("input")).items()
        if is_object(entries)
    }
    outputs = info.get("output")
    return {**info, "input": inputs, "output": list(outputs) if is_array(outputs) else []}


def is_declaration(entry: Any) -> bool:
    """Return whether the entry is `[type or choices]` or `[type or choices, options]`."""
    if not is_array(entry) or not entry:
        return False
    kind = entry[0]
    return (isinstance(kind, str) or is_array(kind)) and (len(entry) == 1 or is_object(entry[1]))


def read_models(value: Any) -> frozenset[ModelFile]:
    return frozenset(
        ModelFile(folder=folder, name=with_slashes(name))
        for folder, names in as_object(value).items()
        if is_array(names)
        for name in names
        if isinstance(name, str)
    )


READERS = {ENGINE: read_comfyui}


def union(descriptions: Iterable[Description]) -> Description:
    """Return what the servers have together; if a class differs, the first one counts."""
    classes: dict[str, Mapping[str, Any]] = {}
    models: set[ModelFile] = set()
    for description in descriptions:
        classes = {**description.classes, **classes}
        models |= description.models
    return Description(classes, frozenset(models))


def model_pages(models: Iterable[ModelFile]) -> list[ModelFolder]:
    """Return all file names by folder, sorted, in pages that fit into a message each."""
    pages: list[ModelFolder] = []
    size = 0
    for model in sorted(models, key=lambda file: (file.folder, file.name)):
        bytes_ = len(json.dumps(model.name)) + 1
        size += bytes_
        if not pages or pages[-1].folder != model.folder:
            pages.append(ModelFolder(folder=model.folder, names=[]))
            size = bytes_
        elif size > MAX_PAGE_BYTES:
            pages.append(ModelFolder(folder=model.folder, names=[], page=pages[-1].page + 1))
            size = bytes_
        pages[-1].names.append(model.name)
    return pages
