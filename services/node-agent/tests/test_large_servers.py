"""A server with many model files is described whole: to the scheduler and to the registry."""

from typing import Any

from contracts.scheduler.claims import ReportCapabilities
from contracts.scheduler.job_requests import ModelFile
from contracts.values import new_id
from node_agent.engines.comfyui.capabilities import describe
from node_agent.handlers.capabilities import report_pages
from node_agent.ports import Description
from workflow_registry.domain.descriptions import read_description

MESSAGE_BYTES = 512 * 1024


def a_large_server() -> Description:
    """Return a server whose names take 3 MB; the last folders are those that a cut would drop."""
    classes: dict[str, Any] = {f"Class{number:05}é": {"input": {}} for number in range(12_000)}
    many = [f'{number:05}/"styles" für alle {"x" * 80}.safetensors' for number in range(20_000)]
    return describe("0.33.0", classes, {"loras": many, "vae": ["z.safetensors"]})


def test_the_pages_of_a_report_fit_into_messages_and_hold_every_name() -> None:
    whole = a_large_server().capabilities
    pages = report_pages(whole)

    assert [name for page in pages for name in page.classes] == whole.classes
    assert [model for page in pages for model in page.models] == whole.models
    assert whole.models[-1] == ModelFile(folder="vae", name="z.safetensors")
    for number, page in enumerate(pages):
        message = ReportCapabilities(
            node_id=new_id(), claim=1, capabilities=page, page=number, pages=len(pages)
        )
        assert len(message.model_dump_json()) < MESSAGE_BYTES
    assert {page.digest for page in pages} == {whole.digest}


def test_a_server_without_a_name_has_one_page() -> None:
    nothing = describe("0.33.0", {}, {}).capabilities

    assert report_pages(nothing) == [nothing]


def test_scheduler_and_registry_get_the_same_names() -> None:
    server = a_large_server()
    known = read_description(server.capabilities.digest, server.packed)

    assert known.models == set(server.capabilities.models)
    assert known.classes.keys() == set(server.capabilities.classes)
