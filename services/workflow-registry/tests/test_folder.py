from collections.abc import Callable, Mapping
from dataclasses import replace
from uuid import UUID

from contracts.registry.workflows import WorkflowEntry
from workflow_registry.domain.files import File, Unsettled
from workflow_registry.domain.lifecycle import Change
from workflow_registry.handlers.folder import adopt_folder
from workflow_registry.handlers.workflows import sync_bucket

from .builders import a_folder, a_spec
from .fakes import FakeRegistry, FakeWorkflows


async def test_a_folder_is_adopted_whole_and_only_once() -> None:
    registry = FakeRegistry()
    workflows, service = registry.workflows, registry.service

    await adopt_folder(service, a_folder("solid", "stripes"))
    await adopt_folder(service, a_folder("solid", "stripes"))

    assert workflows.workflows.keys() == {"solid", "stripes"}
    assert len(workflows.added) == 2


async def test_the_folder_does_not_count_as_read_while_it_is_adopted() -> None:
    registry = FakeRegistry()
    was_read: list[bool] = []

    class Interrupted(FakeWorkflows):
        async def update(
            self,
            decide: Callable[[Mapping[str, WorkflowEntry]], list[Change]],
            author: UUID | None = None,
        ) -> list[Change]:
            await sync_bucket(service)
            was_read.append(registry.bucket.is_folder_read)
            return await super().update(decide, author)

    service = replace(registry.service, workflows=Interrupted())
    await adopt_folder(service, a_folder("solid"))
    await sync_bucket(service)

    assert [*was_read, registry.bucket.is_folder_read] == [False, True]


async def test_a_problem_is_a_change_once() -> None:
    registry = FakeRegistry()
    workflows, service = registry.workflows, registry.service
    broken = a_folder("solid", solid_yaml="spec: [")
    otherwise_broken = a_folder("solid", solid_yaml=a_spec().replace("integer", "integre"))

    for files in (a_folder("solid"), broken, broken, otherwise_broken):
        await adopt_folder(service, files)

    assert [bool(problem) for problem in workflows.problems] == [False, True, True]
    assert workflows.workflows["solid"].active_version == 1


async def test_a_file_without_a_usable_name_shows_its_problem_until_it_is_renamed() -> None:
    registry = FakeRegistry()
    workflows, service = registry.workflows, registry.service

    await adopt_folder(service, a_folder("solid") | {"My Mine.yaml": a_spec()})
    shown = workflows.workflows["misnamed-my-mine"]
    await adopt_folder(service, a_folder("solid"))

    assert "My Mine.yaml" in (shown.problem or "")
    assert shown.active_version is None
    assert workflows.workflows["solid"].problem is None
    assert workflows.workflows["misnamed-my-mine"].problem is None


async def test_uploads_keep_the_library_while_it_is_being_written() -> None:
    service = FakeRegistry().service
    library: dict[str, File] = {"library.yaml": "library: comfyfleet/v1"}

    await adopt_folder(service, library)
    await adopt_folder(service, library | {"library.yaml": Unsettled()})
    assert service.folder.library == "library: comfyfleet/v1"
    await adopt_folder(service, {})
    assert service.folder.library is None
