"""Reads a graph from a file, and `node.input=value` words of the command line as values in it."""

import json
from collections.abc import Sequence
from mimetypes import guess_type
from pathlib import Path
from typing import Any, cast

from comfyfleet import CommandError
from comfyfleet.client.api import FleetClient
from comfyfleet.client.submission import NO_OPTIONS, JobOptions
from comfyfleet.input_values import number_or_text

KINDS = ("image", "video", "audio")


def read_graph(path: Path) -> dict[str, Any]:
    try:
        found: Any = json.loads(path.read_text())
    except OSError as error:
        raise CommandError(f"Cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise CommandError(f"{path} is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise CommandError(f"{path} should hold a graph, as `Export (API)` in ComfyUI writes it.")
    return found  # pyright: ignore[reportUnknownVariableType]  # JSON


def set_values(
    client: FleetClient,
    graph: dict[str, Any],
    words: Sequence[str],
    options: JobOptions = NO_OPTIONS,
) -> None:
    """Write each value to its place; files are uploaded."""
    for word in words:
        place, equals, text = word.partition("=")
        id_, dot, name = place.partition(".")
        if not equals or not dot:
            raise CommandError(f"“{word}” should look like 6.text=value: graph node, input, value.")
        node: Any = graph.get(id_)
        if not isinstance(node, dict) or not isinstance(node.get("inputs"), dict):  # pyright: ignore[reportUnknownMemberType]  # JSON
            raise CommandError(f"The graph has no graph node “{id_}”.")
        inputs = cast("dict[str, Any]", node["inputs"])
        inputs[name] = value(client, text, inputs.get(name), options)


def value(client: FleetClient, text: str, before: Any, options: JobOptions) -> Any:
    """Return the value in the type of the one before; a prompt of digits stays a text."""
    if not text.startswith("@"):
        return text if isinstance(before, str) else number_or_text(text)
    path = Path(text.removeprefix("@")).expanduser()
    guessed = (guess_type(path)[0] or "").partition("/")[0]
    kind, key = guessed if guessed in KINDS else "file", options.key_of_upload(path)
    return {"media": str(client.upload(path, kind, key=key).id)}
