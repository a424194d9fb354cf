from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager
from io import BytesIO
from tempfile import SpooledTemporaryFile

import pytest

from contracts.scheduler.nodes import ClaimedNode
from contracts.values import new_id
from node_agent.engines.comfyui.capabilities import describe
from node_agent.engines.comfyui.connection import comfy_http
from node_agent.engines.comfyui.http import ComfyHttp, RefusedPromptError
from node_agent.engines.comfyui.outputs import ComfyFile, ReportedFile
from node_agent.engines.comfyui.settings import ComfyUISettings
from node_agent.ports import FileRefusedError, NoSpaceError, UnreachableError
from runtime.testing.ports import eventually, free_port
from workflows.json_values import as_object


def a_client(url: str) -> AbstractAsyncContextManager[ComfyHttp]:
    entry = ClaimedNode(node_id=new_id(), name="n", base_url=url)
    return comfy_http(entry, ComfyUISettings())


@pytest.fixture
async def comfy(comfy_url: str) -> AsyncGenerator[ComfyHttp, None]:
    async with a_client(comfy_url) as client:
        yield client


async def test_a_prompt_keeps_the_id_we_chose_and_lands_in_history(comfy: ComfyHttp) -> None:
    prompt_id = str(new_id())
    empty = {"width": 64, "height": 64, "batch_size": 1, "color": 7}
    save = {"images": ["1", 0], "filename_prefix": f"cf/{prompt_id}/2"}
    graph = {
        "1": {"class_type": "EmptyImage", "inputs": empty},
        "2": {"class_type": "SaveImage", "inputs": save},
    }
    body = {"prompt": graph, "prompt_id": prompt_id, "client_id": "c", "extra_data": {}}

    assert (await comfy.submit(body)).prompt_id == prompt_id

    async def is_over() -> bool:
        return await comfy.history(prompt_id) is not None

    await eventually(is_over)
    entry = await comfy.history(prompt_id)
    assert entry
    [image] = entry["outputs"]["2"]["images"]
    file = ComfyFile("x", 0, "image", image["filename"], image["subfolder"], image["type"])
    content = BytesIO(b"what an earlier try left" * 1_000)
    await comfy.download(file, content, 1024**2)
    assert content.getvalue().startswith(b"\x89PNG")
    assert b"left" not in content.getvalue()
    with pytest.raises(FileRefusedError, match="bigger"):
        await comfy.download(file, BytesIO(), 10)
    missing = ComfyFile("x", 0, "image", "no.png", image["subfolder"], "output")
    with pytest.raises(FileRefusedError, match="404"):
        await comfy.download(missing, BytesIO(), 10)
    with SpooledTemporaryFile(10, dir="/nowhere") as full, pytest.raises(NoSpaceError):
        await comfy.download(file, full, 1024**2)


async def test_an_empty_graph_is_refused_with_comfyuis_reasons(comfy: ComfyHttp) -> None:
    with pytest.raises(RefusedPromptError) as refused:
        await comfy.submit({"prompt": {}, "prompt_id": str(new_id())})

    assert refused.value.status == 400
    assert "error" in as_object(refused.value.answer)


async def test_an_upload_gets_the_name_it_was_given(comfy: ComfyHttp) -> None:
    for _ in range(2):
        file = ReportedFile("test.png", "cf", "input")
        await comfy.put(file, BytesIO(b"not even a picture"), "image/png")


async def test_capabilities_name_classes_and_models_by_folder(comfy: ComfyHttp) -> None:
    found = describe("1", await comfy.classes(), await comfy.models()).capabilities

    assert {"SaveImage", "LoadImage", "KSampler"} <= set(found.classes)
    assert any(model.folder == "checkpoints" for model in found.models)
    assert (await comfy.stats()).devices


async def test_canceling_what_is_not_there_does_nothing(comfy: ComfyHttp) -> None:
    await comfy.delete(str(new_id()))
    await comfy.interrupt(str(new_id()))
    await comfy.free()


async def test_a_server_that_is_not_there_is_unreachable() -> None:
    async with a_client(f"http://127.0.0.1:{free_port()}") as comfy:
        with pytest.raises(UnreachableError, match="refuses the connection"):
            await comfy.queue()
