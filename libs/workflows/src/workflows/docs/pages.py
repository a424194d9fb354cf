"""Writes a page of documentation for each shipped workflow, generated from its spec.

`make fix` runs `python -m workflows.docs.pages`, which writes to `docs/workflows/`.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from workflows.graph.graph import Graph, class_of
from workflows.spec.binding import Action
from workflows.spec.field_types import in_english
from workflows.spec.installation import directory_of
from workflows.spec.parameter import InputSpec
from workflows.spec.spec import Spec
from workflows.versions.version import WorkflowVersion, load_version

LIBRARY = "library"
GENERATED = "`make fix` generates this page from the specs in `workflows/`: do not edit it."
INSTALLING = (
    "ComfyUI with these custom nodes. Install them with ComfyUI-Manager or by hand: clone each "
    "into `custom_nodes`, install its `requirements.txt`, and restart ComfyUI."
)
BOUNDS = (("minimum", "from {}"), ("maximum", "to {}"), ("multiple_of", "in steps of {}"))


def load_folder(folder: Path) -> dict[str, WorkflowVersion]:
    """Load every workflow of a folder, by file name, with the folder's parameter library."""
    library = (folder / f"{LIBRARY}.yaml").read_text(encoding="utf-8")
    specs = sorted(path for path in folder.glob("*.yaml") if path.stem != LIBRARY)
    return {path.stem: load_version(*texts_of(path), library) for path in specs}


def texts_of(spec: Path) -> tuple[str, str]:
    graph = spec.with_suffix(".graph.json")
    return spec.read_text(encoding="utf-8"), graph.read_text(encoding="utf-8")


def pages(versions: Mapping[str, WorkflowVersion]) -> dict[str, str]:
    """Return every page by file name, including the index of all workflows."""
    found = {f"{name}.md": page(version) for name, version in versions.items()}
    return {"README.md": index([version.spec for version in versions.values()]), **found}


def index(specs: list[Spec]) -> str:
    lines = ["# Shipped workflows", "", GENERATED, ""]
    lines += ["| workflow | purpose | custom nodes | model files |", "|---|---|---|---|"]
    for spec in specs:
        packages = ", ".join(entry.name for entry in spec.requires.custom_nodes)
        link = f"[`{spec.name}`]({spec.name}.md)"
        models = ", ".join(f"`{model.name}`" for model in spec.requires.models)
        lines.append(f"| {link} | {in_english(spec.description)} | {packages} | {models} |")
    return text_of(lines)


def page(version: WorkflowVersion) -> str:
    spec = version.spec
    lines = [
        f"# {in_english(spec.title)}: `{spec.name}`",
        "",
        in_english(spec.description),
        "",
        *inputs_table(spec),
        *optional_parts(version),
        *outputs_list(spec),
        *installation(spec),
        *example_job(spec),
        "",
        f"_{GENERATED}_",
    ]
    return text_of(lines)


def inputs_table(spec: Spec) -> Iterator[str]:
    yield from ("## Inputs", "", "| input | type | default | description |", "|---|---|---|---|")
    for name, item in spec.in_order:
        cells = (f"`{name}`", type_of(item), default_of(item), explained(item))
        yield f"| {' | '.join(in_a_cell(cell) for cell in cells)} |"


def in_a_cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def type_of(item: InputSpec) -> str:
    if item.choices:
        return ", ".join(f"`{value_of(choice.value)}`" for choice in item.choices)
    if item.folder:
        return f"{item.type} in `{item.folder}`"
    return f"{item.type} of `{item.of}`" if item.of else item.type


def default_of(item: InputSpec) -> str:
    if item.required:
        return "_required_"
    if item.default is None:
        return ""
    return "empty" if item.default == "" else f"`{value_of(item.default)}`"


def explained(item: InputSpec) -> str:
    """Return title, help and limits in one line."""
    bounds = [
        words.format(value_of(limit))
        for name, words in BOUNDS
        if (limit := getattr(item, name)) is not None
    ]
    sentences = [in_english(item.title or {}), in_english(item.help or {}).rstrip(".")]
    sentences.append(" ".join(bounds).capitalize())
    return "".join(f"{sentence}. " for sentence in sentences if sentence).strip()


def optional_parts(version: WorkflowVersion) -> Iterator[str]:
    """Yield the effect of each switch on the graph."""
    parts = list(switches(version))
    if parts:
        yield from ("", "## Optional parts", "", *parts)


def switches(version: WorkflowVersion) -> Iterator[str]:
    for name, item in version.spec.in_order:
        if item.when_absent and not item.required:
            named = [value_of(value) for value in item.absent_values if value != ""]
            also = f" or `{'`, `'.join(named)}`" if named else ""
            yield f"* `{name}` absent{also}: {effect(item.when_absent, version.graph)}."
        for number, bind in enumerate(item.bind, start=1):
            if bind.when_absent:
                less = f"fewer than {number}" if item.is_spread else "absent"
                yield f"* `{name}` {less}: {effect(bind.when_absent, version.graph)}."
        for when in item.when:
            yield f"* `{name}: {value_of(when.value)}`: {effect(when, version.graph)}."


def effect(action: Action, graph: Graph) -> str:
    target = action.graph_node
    if target is None:
        return f"`{value_of(action.set)}` takes its place"
    return f"`{class_of(graph[target])}` is {'bypassed' if action.bypass else 'removed'}"


def outputs_list(spec: Spec) -> Iterator[str]:
    yield from ("", "## Outputs", "")
    for name, output in spec.outputs_in_order:
        title = in_english(output.title or {})
        yield f"* `{name}`: {output.kind}{f' ({title})' if title else ''}"


def installation(spec: Spec) -> Iterator[str]:
    """Yield the packages and model files to install, and how to check the result."""
    packages, models = spec.requires.custom_nodes, spec.requires.models
    yield from ("", "## Requirements of a server", "")
    newer = spec.requires.comfyui
    if newer:
        classes = ", ".join(f"`{name}`" for name in newer.classes)
        note = in_english(newer.note or {})
        yield f"ComfyUI {newer.release} or a later release, for {classes}. {note}".rstrip()
    elif not packages:
        yield f"ComfyUI, no custom node{'' if models else ', no model and no GPU'}."
    if packages:
        yield from (INSTALLING, "")
    for package in packages:
        classes = ", ".join(f"`{name}`" for name in package.classes)
        note = in_english(package.note or {})
        yield f"* [{package.name}]({package.url}), for {classes}. {note}".rstrip()
    if models:
        yield from ("", "| model file | directory | |", "|---|---|---|")
    for model in models:
        note = in_a_cell(in_english(model.note or {}))
        yield f"| [{model.name}]({model.url}) | `{directory_of(model.folder)}` | {note} |"
    others = [f"`{name}` takes any of `{folder}`" for name, folder in own_models(spec)]
    if others:
        yield from ("", f"Bring your own model: {', '.join(others)}.")
    yield from ("", f"`GET /v1/workflows/{spec.name}/coverage` lists the servers that have these.")


def own_models(spec: Spec) -> Iterator[tuple[str, str]]:
    """Yield model inputs without a default, with the directory of their files."""
    for name, item in spec.in_order:
        if item.folder and item.is_absent(item.default):
            yield name, directory_of(item.folder)


def example_job(spec: Spec) -> Iterator[str]:
    job = {"workflow": spec.name, "inputs": example_of(spec)}
    yield from ("", "## Example job", "", "`POST /v1/jobs`", "", "```json")
    yield json.dumps(job, indent=2, ensure_ascii=False)
    yield "```"


def example_of(spec: Spec) -> dict[str, Any]:
    """Return the spec's example, with a placeholder for each required file."""
    files = {
        name: {"media": f"<id of the uploaded {item.item_type}>"}
        for name, item in spec.in_order
        if item.required and item.is_media
    }
    return {**files, **spec.example}


def value_of(value: Any) -> str:
    """Return the value as JSON, or a text as it is."""
    return value if isinstance(value, str) else json.dumps(value)


def text_of(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"


def main(source: Path, target: Path) -> None:
    made = pages(load_folder(source))
    for stale in {path.name for path in target.glob("*.md")} - made.keys():
        (target / stale).unlink()
    for name, content in made.items():
        (target / name).write_text(content, encoding="utf-8")


if __name__ == "__main__":
    main(Path("workflows"), Path("docs/workflows"))
