"""Reads `key=value` words of the command line as a workflow's inputs."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from comfyfleet import CommandError

MEDIA_TYPES = ("image", "mask", "video", "audio", "3d", "file")
TRUE, FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


@dataclass(frozen=True, slots=True)
class FileInput:
    """A file to upload before the job; a mask names in `of` the input that holds its picture."""

    path: Path
    kind: str
    input: str
    of: str | None = None


def parse(words: list[str], schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values in the types of the schema; files become `FileInput`."""
    properties: Mapping[str, Any] = schema.get("properties", {})
    inputs: dict[str, Any] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals:
            raise CommandError(f"“{word}” should look like name=value.")
        if name not in properties:
            known = ", ".join(properties) or "none"
            raise CommandError(f"This workflow has no input “{name}”. It has: {known}.")
        inputs[name] = value(name, text, properties[name])
    return inputs


def value(name: str, text: str, schema: Mapping[str, Any]) -> Any:
    kind = str(schema.get("x-comfyfleet-type", "text"))
    if text.startswith("@") and kind.startswith("list"):
        return [file_input(name, part, schema) for part in text.split(",")]
    if kind in MEDIA_TYPES:
        return file_input(name, text, schema) if text.startswith("@") else media(name, text)
    if kind == "boolean":
        return parse_boolean(name, text)
    if kind in {"text", "string", "model"}:
        return text
    return number_or_text(text)


def media(name: str, text: str) -> dict[str, str]:
    try:
        return {"media": str(UUID(text))}
    except ValueError:
        raise CommandError(
            f"{name}: “{text}” is not the id of an upload; write `{name}=@{text}` to send the file."
        ) from None


def file_input(name: str, text: str, schema: Mapping[str, Any]) -> FileInput:
    path = Path(text.removeprefix("@")).expanduser()
    if not path.is_file():
        raise CommandError(f"{name}: there is no file {path}.")
    kind = str(schema.get("x-comfyfleet-type", "file")).removeprefix("list<").removesuffix(">")
    return FileInput(path, kind, name, schema.get("x-comfyfleet-of"))


def parse_boolean(name: str, text: str) -> bool:
    if text.lower() in TRUE:
        return True
    if text.lower() in FALSE:
        return False
    raise CommandError(f"{name} is true or false, not “{text}”.")


def number_or_text(text: str) -> Any:
    """Read JSON, else keep the text: choices may be numbers or words, and lists are JSON."""
    try:
        return json.loads(text)
    except ValueError:
        return text
