"""Workflows and the fleet over ports in memory."""

import json
from typing import Any
from uuid import uuid4

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
    FindCoverage,
    ListVersions,
    ProposeSpec,
    UploadView,
    UploadWorkflow,
    ValidateWorkflow,
)
from contracts.scheduler.node_facts import NodeJoined
from workflow_registry.domain.descriptions import Description, read_classes
from workflow_registry.handlers.fleet import refresh_fleet, watch_fleet
from workflow_registry.handlers.folder import adopt_folder
from workflow_registry.handlers.workflows import (
    activate_version,
    change_workflow,
    delete_workflow,
    find_coverage,
    list_versions,
    propose_spec,
    upload_workflow,
    validate_workflow,
)
from workflow_registry.service import Registry
from workflows.spec.documents import read_mapping

from .builders import CLASSES, a_description, a_folder, a_graph, a_node, a_spec, an_actor
from .fakes import NOW, FakeRegistry


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


async def test_coverage_is_worked_out_once_for_each_kind_of_server() -> None:
    able, packed = a_description()
    unable, other = a_description(
        {name: info for name, info in CLASSES.items() if name == "SaveImage"}
    )
    nodes = a_node(able, name="a"), a_node(able, name="b"), a_node(unable, name="c")
    fake = FakeRegistry(*nodes, **{able: packed, unable: other})
    registry = fake.service
    registry.fleet_changed.set()
    await watch_fleet(registry)

    view = await push(registry)
    await find_coverage(registry, FindCoverage(actor=an_actor(), version_hash=view.hash))

    assert [(node.name, node.is_runnable) for node in view.coverage.nodes] == [
        ("a", True),
        ("b", True),
        ("c", False),
    ]
    assert view.coverage.nodes[2].unmet[0].name == "EmptyImage"
    assert fake.descriptions.reads == 2


async def test_the_list_says_who_can_run_as_nodes_come_and_go() -> None:
    digest, packed = a_description(models={"loras": ["film.safetensors"]})
    fake = FakeRegistry(a_node(digest), **{digest: packed})
    await push(fake.service, active=True)

    async def look() -> bool | None:
        fake.service.fleet_changed.set()
        await watch_fleet(fake.service)
        return fake.workflows.workflows["solid"].is_runnable

    assert await look() is True
    assert fake.bucket.folders == {"loras": ["film.safetensors"]}
    assert [(server.digest, server.classes.keys()) for server in fake.bucket.servers] == [
        (digest, {"EmptyImage", "SaveImage"})
    ]
    fake.nodes.views = [a_node(None)]
    assert await look() is None


async def test_a_spec_is_drafted_for_a_bare_graph() -> None:
    registry = FakeRegistry().service
    graph = json.loads(a_graph())

    view = await propose_spec(registry, ProposeSpec(actor=an_actor(), name="mine", graph=graph))

    assert {"width", "height"} <= view.spec["inputs"].keys()


async def test_a_hundred_node_events_are_one_look_at_the_fleet() -> None:
    fake = FakeRegistry(a_node(None))

    for version in range(1, 101):
        fact = NodeJoined(node_id=uuid4(), name="a", version=version, occurred_at=NOW)
        await refresh_fleet(fake.service, fact)
    await watch_fleet(fake.service)

    assert fake.service.fleet.nodes == fake.nodes.views
    assert not fake.service.fleet_changed.is_set()
