from workflow_registry.domain.files import File, Unsettled
from workflow_registry.handlers.folder import adopt_folder

from .builders import a_folder, a_spec
from .fakes import FakeRegistry


async def test_a_folder_is_adopted_whole_and_only_once() -> None:
    registry = FakeRegistry()
    workflows, service = registry.workflows, registry.service

    await adopt_folder(service, a_folder("solid", "stripes"))
    await adopt_folder(service, a_folder("solid", "stripes"))

    assert workflows.workflows.keys() == {"solid", "stripes"}
    assert len(workflows.added) == 2


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
