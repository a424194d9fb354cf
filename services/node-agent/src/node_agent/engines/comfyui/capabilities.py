"""Describes what a ComfyUI server can run, under a digest that changes only with it.

The scheduler gets names (`Capabilities`), the registry the whole description; both know it by
the digest of the description's bytes.
"""

import hashlib
import json
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

from contracts.scheduler.job_requests import ModelFile
from contracts.scheduler.nodes import Capabilities
from node_agent.ports import Description
from workflows.compatibility.object_info import ENGINE
from workflows.file_names import with_slashes
from workflows.graph.requirements import FILE_INPUTS
from workflows.json_values import as_array, as_object

NOT_MODELS = frozenset({"custom_nodes"})
UPLOADS = frozenset(
    {"image_upload", "video_upload", "audio_upload", "file_upload", "animated_image_upload"}
)
"""Options of inputs whose choices are uploaded files."""


def describe(
    version: str, object_info: Mapping[str, Any], models: Mapping[str, Iterable[str]]
) -> Description:
    """Describe the server; equal servers get equal digests, whatever their input folders hold."""
    folders = {
        folder: sorted(names)
        for folder, names in sorted(models.items())
        if folder not in NOT_MODELS
    }
    # The order inside a class stays: ComfyUI's save format counts its widgets.
    classes = {name: without_files(name, object_info[name]) for name in sorted(object_info)}
    document = {"engine": ENGINE, "version": version, "object_info": classes, "models": folders}
    content = json.dumps(document, separators=(",", ":")).encode()
    names = Capabilities(
        digest=hashlib.blake2b(content, digest_size=16).hexdigest(),
        engine_version=version,
        classes=list(classes),
        models=[
            ModelFile(folder=folder, name=with_slashes(name))
            for folder, names in folders.items()
            for name in names
        ],
    )
    return Description(names, zlib.compress(content))


def without_files(class_: str, info: Any) -> dict[str, Any]:
    """Return the class without the names of files that change with every job."""
    sections = {
        section: {
            name: without_choices(declared) if is_file(class_, name, declared) else declared
            for name, declared in as_object(entries).items()
        }
        for section, entries in as_object(as_object(info).get("input")).items()
    }
    return {**as_object(info), "input": sections}


def is_file(class_: str, name: str, declared: Any) -> bool:
    options = as_object(as_array(declared)[1] if len(as_array(declared)) > 1 else None)
    return FILE_INPUTS.get(class_) == name or any(options.get(flag) for flag in UPLOADS)


def without_choices(declared: Any) -> Any:
    match declared:
        case [list(), *rest]:
            return [[], *rest]
        case [str(kind), options, *rest]:
            return [kind, {**as_object(options), "options": []}, *rest]
        case _:
            return declared
