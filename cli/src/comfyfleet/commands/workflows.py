"""`workflows`: push, pull, compare, check, propose and activate workflows of any fleet."""

from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from comfyfleet import workflow_files
from comfyfleet.client.api import UnreachableError
from comfyfleet.client.connect import connect
from comfyfleet.client.workshop import Diff, Workshop
from comfyfleet.problem import CommandError
from comfyfleet.tables import plain_table, terminal
from comfyfleet.workflow_files import WorkflowFiles
from contracts.errors import FieldError
from contracts.registry.requests import CoverageView, Difference

console = terminal()
FROM_AND_TO = 2
SIGNS = {"added": "+", "removed": "-", "changed": "~"}
Paths = Annotated[list[Path], typer.Argument(help="NAME.yaml, or a folder of them.")]


def group() -> typer.Typer:
    """The sub-commands of `comfyfleet workflows`."""
    app = typer.Typer(help=__doc__, no_args_is_help=True)
    for command in (list_, push, pull, diff, validate, propose, activate):
        app.command(command.__name__.rstrip("_"))(command)
    return app


@contextmanager
def workshop() -> Generator[Workshop, None, None]:
    with closing(connect()) as client:
        yield Workshop(client)


def list_(
    *,
    category: Annotated[str | None, typer.Option(help="Only image, video, audio …")] = None,
    active: Annotated[
        bool | None, typer.Option(help="Only those that can be run by name, or only the others.")
    ] = None,
) -> None:
    """List the workflows, and which of them can run now."""
    with workshop() as shop:
        table = plain_table("workflow", "active", "versions", "from", "category", "runs", "why")
        for row in shop.list(category, active=active):
            runs = {True: "yes", False: "no", None: "?"}[row.is_runnable]
            names = ", ".join(entry.name for entry in row.unmet)
            why = row.problem or (f"no node has {names}" if names else "")
            version = str(row.active_version) if row.is_active else "-"
            count = str(len(row.versions) + len(row.drafts))
            table.add_row(row.name, version, count, row.source, row.category, runs, Text(why))
        console.print(table)


def push(
    paths: Paths,
    *,
    activate: Annotated[bool, typer.Option(help="Make them current at once.")] = False,
) -> None:
    """Upload workflows, with what they `use` of the library.yaml beside them.

    Each becomes a draft, unless its content is known already.
    """

    def push_one(shop: Workshop, files: WorkflowFiles) -> str:
        view = shop.push(files, activate=activate)
        state = "active" if view.is_active else "draft" if view.is_new else "known"
        return f"{view.name}@{view.version} {state}: {summary(view.coverage)}{noted(view.warnings)}"

    for_each(paths, push_one)


def pull(
    reference: Annotated[str, typer.Argument(help="`txt2img`, or `txt2img@3`.")],
    *,
    out: Annotated[Path, typer.Option(help="Folder for the two files.")] = Path(),
    force: Annotated[bool, typer.Option(help="Overwrite files.")] = False,
) -> None:
    """Save a version as NAME.yaml and NAME.graph.json."""
    name, version = parse(reference)
    with workshop() as shop:
        content = shop.content(name, version)
    if content.name != name:
        raise CommandError(f"The fleet answered with workflow {content.name!r}.")
    for path in workflow_files.write(out, name, content.spec, content.graph, force=force):
        say(str(path))


def diff(
    what: Annotated[str, typer.Argument(help="NAME.yaml; or the name of a workflow there.")],
    versions: Annotated[
        list[int] | None,
        typer.Argument(help="Of a workflow there: from this version, to this; or active to this."),
    ] = None,
) -> None:
    """Show how a file differs from the active version, or one version from another."""
    with workshop() as shop:
        if versions:
            show_differences(what, stored_diff(shop, what, versions), same="the same")
            return
        files = workflow_files.read(Path(what))
        view = shop.validate(files)
    same = "the same" if view.version else "new there"
    show_differences(view.name, Diff(differences=view.differences), same=same)


def stored_diff(shop: Workshop, name: str, versions: list[int]) -> Diff:
    """From the first version to the second, or from the active one to the only one."""
    if len(versions) > FROM_AND_TO or min(versions) < 1:
        raise CommandError("Say one version or two: from, to.")
    parse(name)
    against = versions[0] if len(versions) == FROM_AND_TO else None
    return shop.diff(name, versions[-1], against)


def show_differences(name: str, found: Diff, *, same: str) -> None:
    for difference in found.differences:
        say(line(difference))
    if not found.differences:
        say(f"{name}: {same}")
    if not found.is_complete:
        say("… and more")


def validate(paths: Paths) -> None:
    """Make all checks of an upload, and change nothing."""

    def validate_one(shop: Workshop, files: WorkflowFiles) -> str:
        view = shop.validate(files)
        return f"{view.name}: valid; {summary(view.coverage)}{noted(view.warnings)}"

    for_each(paths, validate_one)


def for_each(paths: list[Path], work: Callable[[Workshop, WorkflowFiles], str]) -> None:
    """One line for each workflow; what is wrong with one does not stop the others."""
    failed = False
    with workshop() as shop:
        for path in workflow_files.find(paths):
            try:
                say(work(shop, workflow_files.read(path)))
            except UnreachableError:
                raise
            except CommandError as error:
                failed = True
                say(f"{path}: {error}")
    if failed:
        raise typer.Exit(1)


def propose(
    graph: Annotated[Path, typer.Argument(help="A graph: API format, or as ComfyUI saves it.")],
    *,
    name: Annotated[str | None, typer.Option(help="Its name; else that of the file.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for the two files.")] = Path(),
    force: Annotated[bool, typer.Option(help="Overwrite files.")] = False,
) -> None:
    """Draft a spec for a bare graph."""
    chosen = name or graph.name.partition(".")[0].lower().replace(" ", "_")
    text = workflow_files.text_of(graph)
    with workshop() as shop:
        draft = shop.propose(chosen, text)
    for path in workflow_files.write(out, chosen, draft.spec, draft.graph, force=force):
        say(str(path))


def activate(reference: Annotated[str, typer.Argument(help="`txt2img@3`")]) -> None:
    """Make a version current; an older one is a rollback."""
    name, version = parse(reference)
    if version is None:
        raise CommandError(f"Say which version: {name}@1.")
    with workshop() as shop:
        shop.activate(name, version)
    say(f"{name}@{version} active")


def parse(reference: str) -> tuple[str, int | None]:
    name, at, number = reference.partition("@")
    plain = name.replace("-", "").replace("_", "")
    if not plain.isalnum() or not plain.isascii() or (at and not number.isdecimal()):
        raise CommandError(f"“{reference}” should look like `txt2img` or `txt2img@3`.")
    return name, int(number) if at else None


def summary(coverage: CoverageView) -> str:
    """Who can run it, in one line."""
    described = [node for node in coverage.items if node.is_described]
    if not described:
        return "no node has said yet what it can run"
    able = sum(node.is_runnable for node in described)
    if able:
        return f"{able} of {len(described)} nodes can run it"
    nearest = min(described, key=lambda node: len(node.unmet))
    lacks = ", ".join(missing.name for missing in nearest.unmet)
    return f"no node can run it; {nearest.name} lacks {lacks}"


def noted(warnings: list[FieldError]) -> str:
    """A line for each thing that some values of callers will meet."""
    return "".join(f"\n  {warning.path}: {warning.message}" for warning in warnings)


def line(difference: Difference) -> str:
    before, after = repr(difference.before), repr(difference.after)
    values = {"added": after, "removed": before, "changed": f"{before} → {after}"}
    return f"{SIGNS[difference.kind]} {difference.path}: {values[difference.kind]}"


def say(text: str) -> None:
    console.print(text, markup=False, soft_wrap=True)
