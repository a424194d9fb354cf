"""A real ComfyUI that takes the shipped workflows: COMFYUI_URL, and COMFYUI_BASE, its folder."""

import os
import struct
import zlib
from collections.abc import Generator
from pathlib import Path

import httpx
import pytest

from .comfyui import ComfyUI


def a_png(side: int) -> bytes:
    """A black square; written by hand, for a picture is all that a loader asks for."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    pixels = zlib.compress((b"\0" + b"\0" * side) * side)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


@pytest.fixture(scope="session")
def comfyui() -> Generator[ComfyUI, None, None]:
    url, base = os.environ.get("COMFYUI_URL"), os.environ.get("COMFYUI_BASE")
    if not url or not base:
        pytest.skip("set COMFYUI_URL to a ComfyUI and COMFYUI_BASE to its base directory")
    with httpx.Client(base_url=url, timeout=60) as client:
        files = {"image": ("comfyfleet-shipped.png", a_png(64))}
        picture = client.post("/upload/image", files=files).raise_for_status().json()["name"]
        classes = frozenset(client.get("/object_info").raise_for_status().json())
        yield ComfyUI(client, Path(base) / "models", picture, classes)
