"""Strips GLB: the extras of the asset, into which ComfyUI writes prompt and graph, are left out.

glTF 2.0, section 4.4: a head, a chunk of JSON padded with spaces, chunks of numbers.
"""

import json
from collections.abc import Iterator
from typing import Any

HEAD, CHUNK_HEAD = 12, 8
NAME, VERSION, SCENE = b"glTF", 2, b"JSON"


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
    rest = data[after:end]
    yield NAME + little(VERSION) + little(at + len(scene) + len(rest))
    yield little(len(scene)) + SCENE + scene
    yield rest


def without_extras(text: bytes) -> bytes:
    try:
        scene: dict[str, Any] = json.loads(text)
        asset: dict[str, Any] = scene["asset"]
        if "extras" not in asset:
            return text
        del asset["extras"]
        return json.dumps(scene, separators=(",", ":")).encode()
    except (RecursionError, LookupError, TypeError) as error:
        raise ValueError("the scene is damaged") from error


def number(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "little")


def little(value: int) -> bytes:
    return value.to_bytes(4, "little")
