from collections.abc import Callable, Mapping

from contracts.catalog import WorkflowName
from workflow_registry.domain.catalogue import Change
from workflow_registry.handlers import Shelf, adopt_folder

from .builders import a_folder, a_spec


class FakeCatalogue:
    def __init__(self) -> None:
        self.workflows: dict[str, WorkflowName] = {}
        self.added: list[str] = []
        self.problems: list[str | None] = []

    async def update(
        self, decide: Callable[[Mapping[str, WorkflowName]], list[Change]]
    ) -> list[Change]:
        changes = decide(self.workflows)
        for change in changes:
            self.workflows[change.workflow.name] = change.workflow
            self.problems.append(change.workflow.problem)
            self.added += [change.added.hash] if change.added else []
        return changes


async def test_a_folder_is_adopted_whole_and_only_once() -> None:
    catalogue, shelf = FakeCatalogue(), Shelf()

    await adopt_folder(catalogue, shelf, a_folder("solid", "stripes"))
    await adopt_folder(catalogue, shelf, a_folder("solid", "stripes"))

    assert catalogue.workflows.keys() == {"solid", "stripes"}
    assert len(catalogue.added) == 2


async def test_a_problem_is_a_change_once() -> None:
    catalogue, shelf = FakeCatalogue(), Shelf()
    broken = a_folder("solid", solid_yaml="spec: [")
    otherwise_broken = a_folder("solid", solid_yaml=a_spec().replace("integer", "integre"))

    for files in (a_folder("solid"), broken, broken, otherwise_broken):
        await adopt_folder(catalogue, shelf, files)

    assert [bool(problem) for problem in catalogue.problems] == [False, True, True]
    assert catalogue.workflows["solid"].active_version == 1


async def test_a_file_without_a_usable_name_is_ignored() -> None:
    catalogue, shelf = FakeCatalogue(), Shelf()

    await adopt_folder(catalogue, shelf, a_folder("solid") | {"Mine.yaml": a_spec()})

    assert shelf.misnamed == {"Mine.yaml"}
    assert catalogue.workflows.keys() == {"solid"}
