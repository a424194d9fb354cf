"""Strips GLB: extras, into which ComfyUI writes prompt and graph, are left out.

glTF 2.0, section 4.4: a head, a chunk of JSON padded with spaces, chunks of numbers.
"""

import json
from collections.abc import Iterator
from typing import Any

HEAD, CHUNK_HEAD = 12, 8
NAME, VERSION, SCENE, NUMBERS = b"glTF", 2, b"JSON", b"BIN\0"
EXTRAS, SHAPES = "extras", "targetNames"
"""The member for data of applications, and the one in it that viewers read: names of shapes."""


def strip(data: bytes) -> Iterator[bytes]:
    """Yield the parts to keep. Raises ValueError unless `data` begins with one whole GLB."""
    if data[:4] != NAME or number(data, 4) != VERSION:
        raise ValueError("no GLB 2")
    end, at = number(data, 8), HEAD + CHUNK_HEAD
    after = at + number(data, HEAD)
    if after > end or end > len(data) or data[HEAD + 4 : at] != SCENE:
        raise ValueError("the scene is cut short")
    scene = without_extras(data[at:after])
    scene += b" " * (-len(scene) % 4)
    numbers = data[after : after + CHUNK_HEAD + number(data, after)]
    if numbers[4:CHUNK_HEAD] != NUMBERS:
        numbers = b""
    yield NAME + little(VERSION) + little(at + len(scene) + len(numbers))
    yield little(len(scene)) + SCENE + scene
    yield numbers


def without_extras(text: bytes) -> bytes:
    try:
        scene: dict[str, Any] = json.loads(text)
        dict(scene["asset"])  # every scene has one
        kept = bare(scene)
        return text if kept == scene else json.dumps(kept, separators=(",", ":")).encode()
    except (RecursionError, LookupError, TypeError) as error:
        raise ValueError("the scene is damaged") from error


def bare(value: Any) -> Any:
    """Return a part of the scene without extras but the names of shapes."""
    if isinstance(value, list):
        return [bare(item) for item in value]  # pyright: ignore[reportUnknownVariableType]  JSON
    if not isinstance(value, dict):
        return value
    members: dict[str, Any] = value  # pyright: ignore[reportUnknownVariableType]  JSON
    kept = {name: bare(member) for name, member in members.items() if name != EXTRAS}
    extras = members.get(EXTRAS)
    if isinstance(extras, dict) and SHAPES in extras:
        kept[EXTRAS] = {SHAPES: extras[SHAPES]}
    return kept


def number(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "little")


def little(value: int) -> bytes:
    return value.to_bytes(4, "little")
