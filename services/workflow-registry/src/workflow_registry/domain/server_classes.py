"""Reduces a server's description to the classes with which gateways check a submitted graph.

A description is some 20 MB. Without unused classes, texts for people and names of files, a few
kilobytes are left.
"""

from collections.abc import Collection, Mapping
from typing import Any

from pydantic_core import to_json

from contracts.registry.workflows import ServerClasses
from workflow_registry.domain.descriptions import Description
from workflows.compatibility.object_info import (
    CUSTOM,
    DeclaredInput,
    declared_inputs,
    is_custom,
)
from workflows.graph.requirements import names_a_file

MAX_BYTES = 400 * 1024
"""A bucket refuses values over 512 KiB."""
LIMITS = ("min", "max", "default", "options")


def server_classes(digest: str, description: Description, used: Collection[str]) -> ServerClasses:
    """Return the `used` classes; if they are too large together, the smallest of them."""
    known = {
        name: reduced(name, description.classes[name])
        for name in sorted(used)
        if name in description.classes
    }
    size, classes = 0, dict[str, dict[str, Any]]()
    for name, info in sorted(known.items(), key=lambda entry: len(to_json(entry[1]))):
        size += len(to_json({name: info}))
        if size <= MAX_BYTES:
            classes[name] = info
    found = ServerClasses(digest=digest, engine=description.engine, classes=classes)
    # JSON has no infinity: without this, it would differ from the bucket and be published for ever
    return ServerClasses.model_validate_json(found.model_dump_json())


def reduced(class_: str, info: Mapping[str, Any]) -> dict[str, Any]:
    inputs: dict[str, dict[str, list[Any]]] = {"required": {}, "optional": {}}
    for declared in declared_inputs(info):
        section, name = "required" if declared.is_required else "optional", declared.name
        inputs[section][name] = declaration(declared, is_file=names_a_file(class_, name))
    is_output = bool(info.get("output_node"))
    known = {"input": inputs, "output": info["output"], "output_node": is_output}
    return known | ({CUSTOM: True} if is_custom(info) else {})


def declaration(declared: DeclaredInput, *, is_file: bool) -> list[Any]:
    """Return the type or the choices, and the limits; files are published by folder."""
    kind, options = declared.type, declared.options
    limits = {key: options[key] for key in LIMITS if key in options}
    if "default" in limits:
        limits["default"] = None  # only its presence counts
    if is_file:
        return [[] if isinstance(kind, list) else kind]
    return [kind, limits] if limits else [kind]
