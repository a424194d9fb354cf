"""The capabilities of a node come in pages and count once they are whole."""

from collections.abc import Sequence

import pytest

from contracts.errors import ConflictError
from contracts.message import Accepted
from contracts.scheduler.claims import ReportCapabilities
from contracts.scheduler.job_requests import ModelFile
from contracts.scheduler.jobs import JobStatus
from contracts.scheduler.nodes import Capabilities, Device
from scheduler.domain.effects import Answer
from scheduler.domain.nodes import Node, NodeCapabilities

from .core import Core

VAE = ModelFile(folder="vae", name="z.safetensors")
LORA = ModelFile(folder="loras", name="a.safetensors")


def tell(
    core: Core, node: Node, page: int, models: Sequence[ModelFile], digest: str = "new"
) -> Answer:
    """Report one page of two."""
    part = Capabilities(digest=digest, engine_version="1", classes=["A"], models=list(models))
    return core.ask(
        ReportCapabilities(node_id=node.id, claim=node.claim, capabilities=part, page=page, pages=2)
    )


def test_a_job_waits_for_a_model_of_the_last_page_and_starts_with_it() -> None:
    core = Core()
    node = core.node()
    job = core.job(models=[LORA, VAE])
    tell(core, node, 0, [LORA])
    assert job.status is JobStatus.QUEUED
    assert node.capabilities.digest != "new"

    tell(core, node, 0, [LORA])
    tell(core, node, 1, [VAE])

    assert node.capabilities.models == frozenset([LORA, VAE])
    assert job.status is JobStatus.RUNNING
    assert isinstance(tell(core, node, 1, [VAE]), Accepted)


@pytest.mark.parametrize("first", ["new", "older"])
def test_a_page_whose_predecessor_is_unknown_begins_the_report_again(first: str) -> None:
    core = Core()
    node = core.node()
    if first == "older":
        tell(core, node, 0, [LORA], first)

    answer = tell(core, node, 1, [VAE])

    assert isinstance(answer, ConflictError)
    assert answer.code == "page_missing"
    tell(core, node, 0, [LORA])
    tell(core, node, 1, [VAE])
    assert node.capabilities.models == frozenset([LORA, VAE])


def test_names_that_an_older_agent_left_out_come_with_the_same_digest_and_devices() -> None:
    core = Core()
    node = core.node()
    tell(core, node, 0, [LORA])
    tell(core, node, 1, [])
    job = core.job(models=[VAE])
    assert job.status is JobStatus.QUEUED

    tell(core, node, 0, [LORA])
    tell(core, node, 1, [VAE])

    assert job.status is JobStatus.RUNNING


def test_nodes_with_equal_names_share_one_copy() -> None:
    core = Core()
    one, two = core.node(), core.node()
    for node in (one, two):
        tell(core, node, 0, [LORA])
        tell(core, node, 1, [VAE])

    assert one.capabilities.models is two.capabilities.models
    assert one.capabilities.classes is two.capabilities.classes


def test_a_server_has_the_memory_of_its_largest_device() -> None:
    devices = tuple(Device(name="gpu", vram_total_mb=size) for size in (8_000, 24_000))

    assert NodeCapabilities(devices=devices).vram_mb == 24_000
    assert NodeCapabilities().vram_mb == 0
