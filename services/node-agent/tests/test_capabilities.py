"""The registry learns what a server says of itself: once, in pages."""

import base64
import hashlib
import json
import zlib

from contracts.registry.requests import DescriptionView, FindDescription, StoreDescription
from node_agent.handlers.capabilities import pages_of
from runtime.testing.ports import eventually

from .conftest import StartEngine
from .fleet import Fleet


class FakeRegistry:
    def __init__(self) -> None:
        self.asked: list[str] = []
        self.pages: dict[str, list[bytes]] = {}

    async def find(self, request: FindDescription) -> DescriptionView:
        self.asked.append(request.digest)
        return DescriptionView(is_known=request.digest in self.pages)

    async def store(self, request: StoreDescription) -> DescriptionView:
        pages = self.pages.setdefault(request.digest, [])
        pages.append(base64.b64decode(request.data))
        return DescriptionView(is_known=len(pages) == request.pages)


async def test_a_server_is_described_once_however_many_nodes_are_alike(
    fleet: Fleet, start_engine: StartEngine
) -> None:
    registry = FakeRegistry()
    await fleet.registry.serve(FindDescription, registry.find)
    await fleet.registry.serve(StoreDescription, registry.store)
    entries = [await fleet.add_node(start_engine()) for _ in range(2)]
    async with fleet.agent():
        for entry in entries:
            await fleet.ready(entry)
        await eventually(lambda: len(registry.asked) == len(entries))

    [(digest, pages)] = registry.pages.items()
    content = zlib.decompress(b"".join(pages))
    assert hashlib.blake2b(content, digest_size=16).hexdigest() == digest
    document = json.loads(content)
    assert document["engine"] == "comfyui"
    assert "SaveImage" in document["object_info"]
    assert {report.capabilities.digest for report in fleet.capabilities} == {digest}


def test_pages_together_are_the_whole() -> None:
    packed = bytes(range(256)) * 4_000

    assert b"".join(pages_of(packed)) == packed
    assert max(map(len, pages_of(packed))) * 4 / 3 < 480_000
