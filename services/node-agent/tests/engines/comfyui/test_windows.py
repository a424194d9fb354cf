"""A server on Windows writes backslashes into the names of its models, and compares them so."""

import json
from asyncio import StreamReader, StreamWriter, start_server
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from contracts.scheduler.nodes import NodeEntry
from contracts.values import new_id
from node_agent.engines.comfyui.engine import open_comfyui
from node_agent.engines.comfyui.probe import look
from node_agent.engines.comfyui.session import Session
from node_agent.engines.comfyui.settings import ComfyUISettings
from runtime.testing.ports import free_port
from workflows import load_version

from ..attempts import of  # noqa: TID252  shared by these tests alone

ANSWERS: dict[str, dict[str, Any]] = {
    "/queue": {"queue_running": [], "queue_pending": []},
    "/system_stats": {"system": {"os": "win32", "comfyui_version": "0.33.0"}, "devices": []},
}
SPEC = """
spec: comfyfleet/v1
name: mine
outputs: {text: {node: "2", kind: text}}
"""
GRAPH = {
    "1": {"class_type": "UpscaleModelLoader", "inputs": {"model_name": "x4/sharp.pth"}},
    "2": {"class_type": "PreviewAny", "inputs": {"source": ["1", 0]}},
}


async def answer(reader: StreamReader, writer: StreamWriter) -> None:
    request = await reader.readuntil(b"\r\n\r\n")
    body = json.dumps(ANSWERS[request.split()[1].decode()]).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    writer.write(head.encode() + body)
    await writer.drain()
    writer.close()


@pytest.fixture
async def windows_url() -> AsyncGenerator[str, None]:
    port = free_port()
    async with await start_server(answer, "127.0.0.1", port):
        yield f"http://127.0.0.1:{port}"


async def test_models_are_posted_as_the_server_names_them(windows_url: str) -> None:
    entry = NodeEntry(node_id=new_id(), name="n", base_url=windows_url)
    attempt = of(load_version(SPEC, json.dumps(GRAPH)))

    async with open_comfyui(entry, ComfyUISettings()) as engine:
        assert isinstance(engine, Session)
        await look(engine)
        graph = engine.prepare(attempt.task, attempt.version, {}, {})

    assert graph["1"]["inputs"]["model_name"] == "x4\\sharp.pth"
