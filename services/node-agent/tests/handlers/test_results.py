"""An upload asks for another URL when the store refuses one, with a store of memory."""

import io
from typing import IO

import pytest

from contracts.media.attempts import InputFile, ResultFile
from node_agent.handlers.results import Targets, empty_outputs, upload
from node_agent.ports import EngineFile, UrlRefusedError
from workflows import load_version


class FakeStore:
    """Keeps bytes by URL; refuses the URLs of `expired`."""

    def __init__(self, *expired: str) -> None:
        self.expired = expired
        self.stored: dict[str, bytes] = {}

    async def fetch(self, file: InputFile, target: IO[bytes]) -> None:
        target.write(self.stored[file.url])

    async def put(self, url: str, source: IO[bytes], content_type: str, size_bytes: int) -> None:
        assert content_type
        if url in self.expired:
            raise UrlRefusedError("it has expired")
        self.stored[url] = source.read(size_bytes)


class FakeTargets(Targets):
    """Gives a URL with the number of its renewals."""

    def __init__(self) -> None:
        self.renewals = 0

    async def url(self, n: int) -> str:
        return f"{n}/{self.renewals}"

    def renew(self) -> None:
        self.renewals += 1


def test_outputs_for_which_nothing_was_made_are_named_with_their_graph_nodes() -> None:
    outputs = "{film: {node: '1', kind: video}, words: {node: '2', kind: text}}"
    graph = '{"1": {"class_type": "A", "inputs": {}}, "2": {"class_type": "B", "inputs": {}}}'
    version = load_version(f"spec: comfyfleet/v1\nname: mine\noutputs: {outputs}", graph)

    assert empty_outputs(version, [EngineFile("film", 0, "video", "a.mp4")]) == [
        "words (graph node 2, B)"
    ]
    assert empty_outputs(version, []) == ["film (graph node 1, A)", "words (graph node 2, B)"]


async def test_a_refused_url_is_replaced_before_the_next_try() -> None:
    store, targets = FakeStore("0/0"), FakeTargets()
    file = ResultFile(
        n=0,
        output="images",
        index=0,
        kind="image",
        filename="a.png",
        content_type="image/png",
        size_bytes=3,
        blake3="0" * 64,
    )

    with pytest.raises(UrlRefusedError):
        await upload(store, file, io.BytesIO(b"png"), targets)
    await upload(store, file, io.BytesIO(b"png"), targets)

    assert store.stored == {"0/1": b"png"}
