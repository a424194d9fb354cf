"""Reads `key=value` words of the command line as a workflow's inputs."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
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
    return {name: value(name, text, item) for name, text, item in named(words, schema)}


def parse_grid(words: list[str], schema: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return a list of values for each input: `steps=10,20`, or as JSON: `cfg=[1.5,7]`."""
    grid: dict[str, list[Any]] = {}
    for name, text, item in named(words, schema):
        found = number_or_text(text) if text.startswith("[") else None
        if isinstance(found, list):
            grid[name] = cast("list[Any]", found)
        else:
            grid[name] = [value(name, part, item) for part in text.split(",")]
    return grid


def named(words: list[str], schema: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Yield each word's name and text, with the schema of the input."""
    properties: Mapping[str, Any] = schema.get("properties", {})
    for word in words:
        name, equals, text = word.partition("=")
        if not equals:
            raise CommandError(f"“{word}” should look like name=value.")
        if name not in properties:
            known = ", ".join(properties) or "none"
            raise CommandError(f"This workflow has no input “{name}”. It has: {known}.")
        yield name, text, properties[name]


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
