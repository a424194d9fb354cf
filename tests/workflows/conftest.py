"""Servers that take the shipped workflows: the preview engine, and a real ComfyUI.

The latter is at COMFYUI_URL, and COMFYUI_BASE is its folder.
"""

import os
import select
import struct
import subprocess
import sys
import zlib
from collections.abc import Generator
from pathlib import Path

import httpx
import pytest

from .comfyui import ComfyUI

START_SECONDS = 20


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
        yield a_comfyui(client, Path(base))


@pytest.fixture(scope="session")
def preview_engine(tmp_path_factory: pytest.TempPathFactory) -> Generator[ComfyUI, None, None]:
    """One as strangers start it, but that its steps take no time."""
    home = tmp_path_factory.mktemp("engine")
    command = [sys.executable, "-m", "preview_engine", "--port", "0", "--home", str(home)]
    with subprocess.Popen(
        [*command, "--step-seconds", "0"], stdout=subprocess.PIPE, text=True
    ) as engine:
        try:
            assert engine.stdout
            ready, _, _ = select.select([engine.stdout], [], [], START_SECONDS)
            assert ready, "the preview engine did not start"
            url = engine.stdout.readline().removeprefix("listening on ").strip()
            with httpx.Client(base_url=url, timeout=60) as client:
                yield a_comfyui(client, home)
        finally:
            engine.terminate()


def a_comfyui(client: httpx.Client, base: Path) -> ComfyUI:
    files = {"image": ("comfyfleet-shipped.png", a_png(64))}
    picture = client.post("/upload/image", files=files).raise_for_status().json()["name"]
    classes = frozenset(client.get("/object_info").raise_for_status().json())
    return ComfyUI(client, base, picture, classes)
