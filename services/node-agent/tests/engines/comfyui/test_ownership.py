"""Only files that the attempt wrote are its results, wherever they lie."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

from contracts.scheduler.nodes import ClaimedNode
from contracts.values import new_id
from node_agent.engines.comfyui.connection import comfy_http
from node_agent.engines.comfyui.outputs_ownership import Ownership, written_elsewhere
from node_agent.engines.comfyui.settings import ComfyUISettings

from .tiny_server import ok, tiny_server

OWN = Ownership("cf/attempt", began=1_000.5, seconds=2.0)
WRITTEN = {"new.mp4": 1_001.25, "before.png": 1_000.25, "after.png": 1_004.0, "other.png": 1_001.0}


def answer(path: str) -> bytes:
    """Answer as aiohttp does: the ETag holds the nanoseconds of the last change."""
    [name] = parse_qs(urlsplit(path).query)["filename"]
    if name not in WRITTEN:
        return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    return ok(ETag=f'"{int(WRITTEN[name] * 1e9):x}-2a"')


def a_file(name: str, subfolder: str = "video") -> dict[str, Any]:
    return {"filename": name, "subfolder": subfolder, "type": "output"}


async def found(*files: dict[str, Any], own: Ownership = OWN) -> set[str]:
    async with tiny_server(answer) as url:
        entry = ClaimedNode(node_id=new_id(), name="n", base_url=url)
        async with comfy_http(entry, ComfyUISettings()) as http:
            owned = await written_elsewhere(http, own, {"1": {"gifs": [*files]}})
    return {file.filename for file in owned}


async def test_a_saver_with_its_own_path_is_believed_for_what_it_wrote_while_it_ran() -> None:
    names = ("new.mp4", "before.png", "after.png", "gone.png")

    assert await found(*map(a_file, names)) == {"new.mp4"}


async def test_the_folder_of_another_attempt_stays_closed() -> None:
    assert await found(a_file("other.png", "cf/else/9"), a_file("other.png", "cf")) == set()


async def test_without_the_time_of_the_run_nothing_elsewhere_is_taken() -> None:
    assert await found(a_file("new.mp4"), own=Ownership("cf/attempt", None, None)) == set()
