from collections.abc import Mapping

from workflow_registry.domain.checking import Rules
from workflow_registry.domain.files import File, Unsettled
from workflow_registry.handlers.folder import Shelf

from .builders import a_folder, a_spec
from .fakes import FakeCatalogue


async def adopt(catalogue: FakeCatalogue, shelf: Shelf, files: Mapping[str, File]) -> None:
    await shelf.adopt(catalogue, files, Rules())


async def test_a_folder_is_adopted_whole_and_only_once() -> None:
    catalogue, shelf = FakeCatalogue(), Shelf()

    await adopt(catalogue, shelf, a_folder("solid", "stripes"))
    await adopt(catalogue, shelf, a_folder("solid", "stripes"))

    assert catalogue.workflows.keys() == {"solid", "stripes"}
    assert len(catalogue.added) == 2


async def test_a_problem_is_a_change_once() -> None:
    catalogue, shelf = FakeCatalogue(), Shelf()
    broken = a_folder("solid", solid_yaml="spec: [")
    otherwise_broken = a_folder("solid", solid_yaml=a_spec().replace("integer", "integre"))

    for files in (a_folder("solid"), broken, broken, otherwise_broken):
        await adopt(catalogue, shelf, files)

    assert [bool(problem) for problem in catalogue.problems] == [False, True, True]
    assert catalogue.workflows["solid"].active_version == 1


async def test_a_file_without_a_usable_name_shows_its_problem_until_it_is_renamed() -> None:
    catalogue, shelf = FakeCatalogue(), Shelf()

    await adopt(catalogue, shelf, a_folder("solid") | {"My Mine.yaml": a_spec()})
    shown = catalogue.workflows["misnamed-my-mine"]
    await adopt(catalogue, shelf, a_folder("solid"))

    assert "My Mine.yaml" in (shown.problem or "")
    assert shown.active_version is None
    assert catalogue.workflows["solid"].problem is None
    assert catalogue.workflows["misnamed-my-mine"].problem is None


async def test_uploads_keep_the_library_while_it_is_being_written() -> None:
    catalogue, shelf = FakeCatalogue(), Shelf()
    library: dict[str, File] = {"library.yaml": "library: comfyfleet/v1"}

    await adopt(catalogue, shelf, library)
    await adopt(catalogue, shelf, library | {"library.yaml": Unsettled()})
    assert shelf.library == "library: comfyfleet/v1"
    await adopt(catalogue, shelf, {})
    assert shelf.library is None
