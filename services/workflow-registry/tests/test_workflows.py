"""Workflows and the fleet over ports in memory."""

import json
from typing import Any

import pytest

from contracts.access import Actor, Permission
from contracts.errors import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
)
from contracts.registry.requests import (
    ActivateVersion,
    ChangeWorkflow,
    DeleteWorkflow,
    ListVersions,
    ProposeSpec,
    UploadView,
    UploadWorkflow,
    ValidateWorkflow,
)
from workflow_registry.domain.descriptions import Description, read_classes
from workflow_registry.handlers.folder import adopt_folder
from workflow_registry.handlers.workflows import (
    activate_version,
    change_workflow,
    delete_workflow,
    list_versions,
    propose_spec,
    upload_workflow,
    validate_workflow,
)
from workflow_registry.service import Registry
from workflows.spec.documents import read_mapping

from .builders import CLASSES, a_folder, a_graph, a_spec, an_actor
from .fakes import FakeRegistry


def texts(actor: Actor | None = None, *, color: int = 0) -> dict[str, Any]:
    return {
        "actor": actor or an_actor(),
        "spec": read_mapping(a_spec(), "spec"),
        "graph": json.loads(a_graph(color)),
    }


async def push(registry: Registry, color: int = 0, *, active: bool = False) -> UploadView:
    command = UploadWorkflow(**texts(color=color), activate=active)
    return await upload_workflow(registry, command)


async def test_an_upload_is_kept_as_a_draft_of_its_author() -> None:
    fake = FakeRegistry()
    registry, workflows = fake.service, fake.workflows

    view = await push(registry)
    again = await push(registry)

    assert (view.version, view.is_new, view.is_active) == (1, True, False)
    assert (again.version, again.is_new) == (1, False)
    assert workflows.authors[0] == an_actor().user_id


async def test_a_spec_may_bring_the_library_that_it_uses() -> None:
    registry = FakeRegistry().service
    registry.folder.library = json.dumps(a_library(default=32))
    request = texts()
    request["spec"]["inputs"]["width"] = {"use": "size", "bind": [{"node": "1", "input": "width"}]}

    folders = await validate_workflow(registry, ValidateWorkflow(**request))
    own = await validate_workflow(
        registry, ValidateWorkflow(**request, library=a_library(default=96))
    )
    with pytest.raises(InvalidError, match="not in the parameter library"):
        await validate_workflow(
            registry, ValidateWorkflow(**request, library={"library": "comfyfleet/v1"})
        )

    assert folders.spec["inputs"]["width"]["default"] == 32
    assert own.spec["inputs"]["width"]["default"] == 96


def a_library(*, default: int) -> dict[str, Any]:
    size = {"type": "integer", "default": default}
    return {"library": "comfyfleet/v1", "parameters": {"size": size}}


async def test_nobody_without_the_permission_changes_or_sees_anything() -> None:
    fake = FakeRegistry()
    registry, workflows = fake.service, fake.workflows
    stranger = an_actor(Permission.JOBS_RUN)

    with pytest.raises(ForbiddenError):
        await upload_workflow(registry, UploadWorkflow(**texts(stranger)))
    with pytest.raises(ForbiddenError):
        await validate_workflow(registry, ValidateWorkflow(**texts(stranger)))
    with pytest.raises(ForbiddenError):
        await list_versions(registry, ListVersions(actor=stranger, name="solid"))
    assert workflows.workflows == {}


async def test_a_workflow_from_the_folder_is_switched_off_but_listed_where_its_spec_says() -> None:
    registry = FakeRegistry().service
    await adopt_folder(registry, a_folder("solid"))

    off = await change_workflow(
        registry, ChangeWorkflow(actor=an_actor(), name="solid", is_enabled=False)
    )

    assert (off.is_enabled, off.active_version) == (False, 1)
    with pytest.raises(ConflictError):
        await change_workflow(
            registry, ChangeWorkflow(actor=an_actor(), name="solid", category="video")
        )


async def test_a_forbidden_class_is_refused_by_name() -> None:
    registry = FakeRegistry().service
    request = texts()
    request["graph"]["1"]["class_type"] = "VHS_LoadImagePath"

    with pytest.raises(InvalidError) as refused:
        await upload_workflow(registry, UploadWorkflow(**request))
    assert refused.value.errors[0].code == "forbidden_class"


async def test_a_dry_run_says_what_would_change_and_changes_nothing() -> None:
    fake = FakeRegistry()
    registry, workflows = fake.service, fake.workflows
    await push(registry, active=True)

    view = await validate_workflow(registry, ValidateWorkflow(**texts(color=5)))

    assert [(d.path, d.before, d.after) for d in view.differences] == [
        ("graph.1.inputs.color", 0, 5)
    ]
    assert view.version is None
    assert len(workflows.added) == 1


async def test_an_upload_says_what_was_not_checked_or_will_not_fit_some_values() -> None:
    unknown, known = FakeRegistry().service, FakeRegistry().service
    known.fleet.together = Description(read_classes(CLASSES), frozenset())

    codes = [[warning.code for warning in (await push(one)).warnings] for one in (unknown, known)]

    assert codes == [["not_checked"], ["out_of_range"]]


def a_saved_graph() -> dict[str, Any]:
    """The graph as the editor saves it, with a switch that exists only there."""
    images = {"name": "images", "type": "IMAGE", "link": 1}
    size = [64, 64, 1, 0]
    return {
        "nodes": [
            {"id": 1, "type": "EmptyImage", "widgets_values": size},
            {"id": 2, "type": "SaveImage", "inputs": [images], "widgets_values": ["x"]},
            {"id": 3, "type": "Fast Muter (rgthree)"},
        ],
        "links": [[1, 1, 0, 2, 0, "IMAGE"]],
    }


async def test_every_answer_says_what_a_conversion_left_out() -> None:
    registry = FakeRegistry().service
    registry.fleet.together = Description(read_classes(CLASSES), frozenset())
    saved: dict[str, Any] = {**texts(), "graph": a_saved_graph()}

    uploaded = await upload_workflow(registry, UploadWorkflow(**saved))
    validated = await validate_workflow(registry, ValidateWorkflow(**saved))
    query = ProposeSpec(actor=an_actor(), name="mine", graph=a_saved_graph())
    proposed = await propose_spec(registry, query)

    for view in (uploaded, validated, proposed):
        first = view.warnings[0]
        assert (first.path, first.code) == ("nodes.3", "left_out")


async def test_activating_rolls_back_and_deleting_keeps_the_versions() -> None:
    registry = FakeRegistry().service
    await push(registry, 0, active=True)
    await push(registry, 1, active=True)
    actor = an_actor()

    back = await activate_version(registry, ActivateVersion(actor=actor, name="solid", version=1))
    gone = await delete_workflow(registry, DeleteWorkflow(actor=actor, name="solid"))
    listed = await list_versions(registry, ListVersions(actor=actor, name="solid"))

    assert back.active_version == 1
    assert gone.is_deleted
    assert [item.version for item in listed.items] == [2, 1]
    with pytest.raises(NotFoundError):
        await activate_version(registry, ActivateVersion(actor=actor, name="solid", version=1))
