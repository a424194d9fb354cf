"""`workflows`: push, pull, compare, validate, propose and activate workflows of any fleet."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from comfyfleet import CommandError, workflow_files
from comfyfleet.client import authoring
from comfyfleet.client.api import FleetClient
from comfyfleet.client.authoring import Diff, WorkflowRow
from comfyfleet.client.connection import connect
from comfyfleet.client.errors import UnreachableError
from comfyfleet.client.job_progress import not_runnable
from comfyfleet.tables import console, plain_table, say
from comfyfleet.workflow_files import WorkflowFiles
from contracts.registry.requests import (
    CoverageView,
    Difference,
    ProposalView,
    UploadView,
    ValidationView,
)

FROM_AND_TO = 2
SIGNS = {"added": "+", "removed": "-", "changed": "~"}
Paths = Annotated[list[Path], typer.Argument(help="NAME.yaml, or a folder of them.")]


def group() -> typer.Typer:
    app = typer.Typer(help=__doc__, no_args_is_help=True)
    for command in (list_, push, pull, diff, validate, propose, activate):
        app.command(command.__name__.rstrip("_"))(command)
    return app


def list_(
    *,
    category: Annotated[
        str | None, typer.Option(help="Only this category: image, video, audio …")
    ] = None,
    active: Annotated[
        bool | None, typer.Option(help="Only active workflows, or only the others.")
    ] = None,
) -> None:
    """List the workflows, and which of them can run now."""
    with closing(connect()) as client:
        table = plain_table(
            "workflow", "active", "versions", "source", "category", "can run", "reason"
        )
        for row in authoring.find(client, category, active=active):
            runs = {True: "yes", False: "no", None: "?"}[row.is_runnable and row.is_active]
            reason = why_not(row)
            version = str(row.active_version) if row.is_active else "-"
            count = str(len(row.versions) + len(row.drafts))
            table.add_row(row.name, version, count, row.source, row.category, runs, Text(reason))
        console.print(table)


def why_not(row: WorkflowRow) -> str:
    """Return why the workflow cannot run now, with the remedy; empty if it can."""
    if row.problem:
        return row.problem
    if not row.is_enabled:
        return "it is switched off"
    if row.active_version is None:
        if row.source != "api":
            return "it was taken out of its folder"
        newest = max([*row.versions, *row.drafts], default=1)
        return f"no version is active: `comfyfleet workflows activate {row.name}@{newest}`"
    return not_runnable(row.unmet) if row.unmet else ""


def push(
    paths: Paths,
    *,
    activate: Annotated[bool, typer.Option(help="Make the new versions current at once.")] = False,
) -> None:
    """Upload workflows, and the library.yaml beside them if they use it.

    Each becomes a draft, unless the fleet knows its content already.
    """

    def push_one(client: FleetClient, files: WorkflowFiles) -> str:
        view = authoring.push(client, files, activate=activate)
        state = "active" if view.is_active else "draft" if view.is_new else "known"
        found = summary(view.coverage) + warning_lines(view)
        return f"{view.name}@{view.version} {state}: {found}"

    for_each(paths, push_one)


def pull(
    reference: Annotated[str, typer.Argument(help="`txt2img`, or `txt2img@3`.")],
    *,
    out: Annotated[Path, typer.Option(help="Folder for spec and graph.")] = Path(),
    force: Annotated[bool, typer.Option(help="Overwrite existing files.")] = False,
) -> None:
    """Save a version as NAME.yaml and NAME.graph.json.

    The latter is the editor's file, if the graph was made of one.
    """
    name, version = parse(reference)
    with closing(connect()) as client:
        content = authoring.content(client, name, version)
    if content.name != name:
        raise CommandError(f"The fleet answered with workflow {content.name!r}.")
    graph = content.editor_file or content.graph
    for path in workflow_files.write(out, name, content.spec, graph, force=force):
        say(str(path))


def diff(
    what: Annotated[str, typer.Argument(help="NAME.yaml, or the name of a workflow in the fleet.")],
    versions: Annotated[
        list[int] | None,
        typer.Argument(
            help="Two versions to compare; with one, it is compared to the active version."
        ),
    ] = None,
) -> None:
    """Compare a file with the active version, or two stored versions."""
    with closing(connect()) as client:
        if versions:
            show_differences(what, stored_diff(client, what, versions), same="no differences")
            return
        files = workflow_files.read(Path(what))
        view = authoring.validate(client, files)
    same = "no differences" if view.version else "new to the fleet"
    is_complete = view.difference_count <= len(view.differences)
    found = Diff(differences=view.differences, is_complete=is_complete)
    show_differences(view.name, found, same=same)


def stored_diff(client: FleetClient, name: str, versions: list[int]) -> Diff:
    """Compare the first version with the second, or the active version with the only one."""
    if len(versions) > FROM_AND_TO or min(versions) < 1:
        raise CommandError("Give one version, or two: from, to.")
    parse(name)
    against = versions[0] if len(versions) == FROM_AND_TO else None
    return authoring.diff(client, name, versions[-1], against)


def show_differences(name: str, found: Diff, *, same: str) -> None:
    for difference in found.differences:
        say(line(difference))
    if not found.differences:
        say(f"{name}: {same}")
    if not found.is_complete:
        say("… and more")


def validate(paths: Paths) -> None:
    """Run all checks of an upload without changing anything."""

    def validate_one(client: FleetClient, files: WorkflowFiles) -> str:
        view = authoring.validate(client, files)
        return f"{view.name}: valid; {summary(view.coverage)}{warning_lines(view)}"

    for_each(paths, validate_one)


def for_each(paths: list[Path], work: Callable[[FleetClient, WorkflowFiles], str]) -> None:
    """Print one line for each workflow; a wrong workflow does not stop the others."""
    failed = False
    with closing(connect()) as client:
        for path in workflow_files.find(paths):
            try:
                say(work(client, workflow_files.read(path)))
            except UnreachableError:
                raise
            except CommandError as error:
                failed = True
                say(f"{path}: {error}")
    if failed:
        raise typer.Exit(1)


def propose(
    graph: Annotated[
        Path, typer.Argument(help="A graph in API format or in ComfyUI's save format.")
    ],
    *,
    name: Annotated[
        str | None, typer.Option(help="Name of the workflow; the file name by default.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for spec and graph.")] = Path(),
    force: Annotated[bool, typer.Option(help="Overwrite existing files.")] = False,
) -> None:
    """Draft a spec for a graph that has none."""
    chosen = name or graph.name.partition(".")[0].lower().replace(" ", "_")
    text = workflow_files.text_of(graph)
    with closing(connect()) as client:
        draft = authoring.propose(client, chosen, text)
    given = workflow_files.editor_file(text)
    for path in workflow_files.write(out, chosen, draft.spec, given or draft.graph, force=force):
        say(str(path))
    if draft.warnings:
        say(f"left out of the file:{warning_lines(draft)}")


def activate(reference: Annotated[str, typer.Argument(help="`txt2img@3`")]) -> None:
    """Make a version current; an older version means a rollback."""
    name, version = parse(reference)
    if version is None:
        raise CommandError(f"Name a version: {name}@1.")
    with closing(connect()) as client:
        authoring.activate(client, name, version)
    say(f"{name}@{version} active")


def parse(reference: str) -> tuple[str, int | None]:
    name, at, number = reference.partition("@")
    plain = name.replace("-", "").replace("_", "")
    if not plain.isalnum() or not plain.isascii() or (at and not number.isdecimal()):
        raise CommandError(f"“{reference}” should look like `txt2img` or `txt2img@3`.")
    return name, int(number) if at else None


def summary(coverage: CoverageView) -> str:
    """Return in one line how many nodes can run the workflow."""
    described = [node for node in coverage.nodes if node.is_described]
    if not described:
        return "no node has reported yet what it can run"
    able = sum(node.is_runnable for node in described)
    if able:
        more = max(0, coverage.node_count - len(coverage.nodes))
        others = f"; the fleet has {more} more" if more else ""
        return f"{able} of {len(described)} nodes can run it{others}"
    nearest = min(described, key=lambda node: len(node.unmet))
    unmet = ", ".join(entry.name for entry in nearest.unmet)
    return f"no node can run it; {nearest.name} lacks {unmet}"


def warning_lines(view: UploadView | ValidationView | ProposalView) -> str:
    lines = [f"{warning.path}: {warning.message}" for warning in view.warnings]
    if (more := view.warning_count - len(lines)) > 0:
        lines.append(f"… and {more} more")
    return "".join(f"\n  {text}" for text in lines)


def line(difference: Difference) -> str:
    before, after = repr(difference.before), repr(difference.after)
    values = {"added": after, "removed": before, "changed": f"{before} → {after}"}
    return f"{SIGNS[difference.kind]} {difference.path}: {values[difference.kind]}"
