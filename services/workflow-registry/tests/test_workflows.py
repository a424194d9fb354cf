"""What people do with workflows, on a catalogue in memory."""

import json
from typing import Any

import pytest

from contracts.access import Actor, Permission
from contracts.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
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
from workflow_registry.domain.descriptions import Description, read_classes
from workflow_registry.handlers.fleet import Fleet, judge_workflows
from workflow_registry.handlers.folder import Shelf
from workflow_registry.handlers.telling import Board, tell_gateways
from workflow_registry.handlers.workflows import (
    Desk,
    activate,
    change_workflow,
    delete,
    find_coverage,
    list_versions,
    propose_spec,
    take_upload,
    validate,
)
from workflows.compatibility.safety import FORBIDDEN
from workflows.spec.documents import read_mapping

from .builders import CLASSES, a_description, a_folder, a_graph, a_node, a_spec, an_actor
from .fakes import FakeCatalogue, FakeDescriptions, FakeNodes, FakeOffers


def a_desk(**packed: bytes) -> tuple[Desk, FakeCatalogue]:
    catalogue = FakeCatalogue()
    return Desk(catalogue, Fleet(FakeDescriptions(**packed)), Shelf(), FORBIDDEN), catalogue


def texts(actor: Actor | None = None, *, color: int = 0) -> dict[str, Any]:
    return {
        "actor": actor or an_actor(),
        "spec": read_mapping(a_spec(), "spec"),
        "graph": json.loads(a_graph(color)),
    }


async def push(desk: Desk, color: int = 0, *, active: bool = False) -> UploadView:
    return await take_upload(desk, UploadWorkflow(**texts(color=color), activate=active))


async def test_an_upload_is_kept_as_a_draft_of_its_author() -> None:
    desk, catalogue = a_desk()

    view = await push(desk)
    again = await push(desk)

    assert (view.version, view.is_new, view.is_active) == (1, True, False)
    assert (again.version, again.is_new) == (1, False)
    assert catalogue.authors[0] == an_actor().user_id


async def test_a_spec_may_bring_the_library_that_it_uses() -> None:
    desk, _ = a_desk()
    desk.shelf.library = json.dumps(a_library(default=32))
    request = texts()
    request["spec"]["inputs"]["width"] = {"use": "size", "bind": [{"node": "1", "input": "width"}]}

    folders = await validate(desk, ValidateWorkflow(**request))
    own = await validate(desk, ValidateWorkflow(**request, library=a_library(default=96)))
    with pytest.raises(InvalidError, match="not in the parameter library"):
        await validate(desk, ValidateWorkflow(**request, library={"library": "comfyfleet/v1"}))

    assert folders.spec["inputs"]["width"]["default"] == 32
    assert own.spec["inputs"]["width"]["default"] == 96


def a_library(*, default: int) -> dict[str, Any]:
    size = {"type": "integer", "default": default}
    return {"library": "comfyfleet/v1", "parameters": {"size": size}}


async def test_nobody_without_the_permission_changes_or_sees_anything() -> None:
    desk, catalogue = a_desk()
    stranger = an_actor(Permission.JOBS_RUN)

    with pytest.raises(ForbiddenError):
        await take_upload(desk, UploadWorkflow(**texts(stranger)))
    with pytest.raises(ForbiddenError):
        await validate(desk, ValidateWorkflow(**texts(stranger)))
    with pytest.raises(ForbiddenError):
        await list_versions(desk, ListVersions(actor=stranger, name="solid"))
    assert catalogue.workflows == {}


async def test_a_workflow_from_the_folder_is_switched_off_but_listed_where_its_spec_says() -> None:
    desk, catalogue = a_desk()
    await desk.shelf.adopt(catalogue, a_folder("solid"), desk.rules)

    off = await change_workflow(
        desk, ChangeWorkflow(actor=an_actor(), name="solid", is_enabled=False)
    )

    assert (off.is_enabled, off.active_version) == (False, 1)
    with pytest.raises(ConflictError):
        await change_workflow(
            desk, ChangeWorkflow(actor=an_actor(), name="solid", category="video")
        )


async def test_a_forbidden_class_is_refused_by_name() -> None:
    desk, _ = a_desk()
    request = texts()
    request["graph"]["1"]["class_type"] = "VHS_LoadImagePath"

    with pytest.raises(InvalidError) as refused:
        await take_upload(desk, UploadWorkflow(**request))
    assert refused.value.errors[0].code == "forbidden_class"


async def test_a_dry_run_says_what_would_change_and_changes_nothing() -> None:
    desk, catalogue = a_desk()
    await push(desk, active=True)

    view = await validate(desk, ValidateWorkflow(**texts(color=5)))

    assert [(d.path, d.before, d.after) for d in view.differences] == [
        ("graph.1.inputs.color", 0, 5)
    ]
    assert view.version is None
    assert len(catalogue.added) == 1


async def test_an_upload_says_what_was_not_checked_or_will_not_fit_some_values() -> None:
    unknown, _ = a_desk()
    known, _ = a_desk()
    known.fleet.together = Description(read_classes(CLASSES), frozenset())

    codes = [[warning.code for warning in (await push(desk)).warnings] for desk in (unknown, known)]

    assert codes == [["not_checked"], ["out_of_range"]]


async def test_activating_rolls_back_and_deleting_keeps_the_versions() -> None:
    desk, _ = a_desk()
    await push(desk, 0, active=True)
    await push(desk, 1, active=True)
    actor = an_actor()

    back = await activate(desk, ActivateVersion(actor=actor, name="solid", version=1))
    gone = await delete(desk, DeleteWorkflow(actor=actor, name="solid"))
    listed = await list_versions(desk, ListVersions(actor=actor, name="solid"))

    assert back.active_version == 1
    assert gone.is_deleted
    assert [item.version for item in listed.items] == [2, 1]
    with pytest.raises(NotFoundError):
        await activate(desk, ActivateVersion(actor=actor, name="solid", version=1))


async def test_coverage_is_worked_out_once_for_each_kind_of_server() -> None:
    able, packed = a_description()
    unable, other = a_description(
        {name: info for name, info in CLASSES.items() if name == "SaveImage"}
    )
    desk, _ = a_desk(**{able: packed, unable: other})
    nodes = FakeNodes(a_node(able, name="a"), a_node(able, name="b"), a_node(unable, name="c"))
    await desk.fleet.see(await nodes.all())

    view = await push(desk)
    await find_coverage(desk, FindCoverage(actor=an_actor(), version_hash=view.hash))

    assert [(node.name, node.is_runnable) for node in view.coverage.items] == [
        ("a", True),
        ("b", True),
        ("c", False),
    ]
    assert view.coverage.items[2].unmet[0].name == "EmptyImage"
    descriptions = desk.fleet.descriptions
    assert isinstance(descriptions, FakeDescriptions)
    assert descriptions.reads == 2


async def test_the_list_says_who_can_run_as_nodes_come_and_go() -> None:
    digest, packed = a_description(models={"loras": ["film.safetensors"]})
    desk, catalogue = a_desk(**{digest: packed})
    await push(desk, active=True)
    nodes, offers = FakeNodes(a_node(digest)), FakeOffers()
    board = Board(offers)

    async def look() -> bool | None:
        await desk.fleet.see(await nodes.all())
        await tell_gateways(board, desk.fleet, catalogue, catalogue.workflows)
        await judge_workflows(desk.fleet, catalogue, catalogue.workflows)
        return catalogue.workflows["solid"].is_runnable

    assert await look() is True
    assert offers.folders == {"loras": ["film.safetensors"]}
    assert [(server.digest, server.classes.keys()) for server in offers.servers] == [
        (digest, {"EmptyImage", "SaveImage"})
    ]
    nodes.views = [a_node(None)]
    assert await look() is None


async def test_a_spec_is_drafted_for_a_bare_graph() -> None:
    desk, _ = a_desk()
    graph = json.loads(a_graph())

    view = await propose_spec(desk, ProposeSpec(actor=an_actor(), name="mine", graph=graph))

    assert {"width", "height"} <= view.spec["inputs"].keys()
