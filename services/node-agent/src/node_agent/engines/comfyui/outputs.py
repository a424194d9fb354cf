"""Picks the files and texts of a history entry that are the attempt's results.

Keys of outputs are open-ended (`images`, `gifs`, `audio` …) and may be nested, so files are told by
their shape `{filename, type}`. A custom node may name any file: only the attempt's own are taken.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from contracts.media.files import MediaKind
from node_agent.ports import EngineFile
from workflows import Spec
from workflows.file_names import ANNOTATION, with_slashes
from workflows.json_values import as_array, as_object, is_array, is_object

DEEPEST = 5
"""Levels below a key that are looked through."""
TEXT_KEY = "text"
PATH_KEY = "result"
"""Key under which Preview3D gives `[path of the model, camera, background]` (comfy_api _ui.py)."""
TEXT_SUFFIXES = frozenset(
    {".txt", ".md", ".csv", ".json", ".srt", ".vtt", ".xml", ".yaml", ".yml", ".html", ".log"}
)


class ReportedFile(NamedTuple):
    """A file as ComfyUI names it to everybody, whoever wrote it."""

    filename: str
    subfolder: str
    folder: str
    """`output` or `temp`; `input` for a file that the agent sends."""


@dataclass(frozen=True, slots=True)
class OutputSource:
    """A graph node whose files are kept; `kind` is None where only the content tells."""

    output: str
    graph_node: str
    kind: MediaKind | None


@dataclass(frozen=True, slots=True)
class ComfyFile(EngineFile):
    """A file on the ComfyUI server."""

    subfolder: str
    folder: str
    """`output` or `temp`."""


@dataclass(frozen=True, slots=True)
class ComfyText(EngineFile):
    """A text that ComfyUI keeps in no file."""

    text: str


def sources(spec: Spec, produced: Mapping[str, Any]) -> list[OutputSource]:
    """Return the spec's outputs; if it has none, each graph node that produced something.

    Graph nodes that only show how far they are count if nothing else was produced: since ComfyUI
    0.19 those in the middle of a graph do (`has_intermediate_output` in execution.py).
    """
    if spec.outputs:
        return [OutputSource(name, out.node, out.kind) for name, out in spec.outputs_in_order]
    lasting = [graph_node for graph_node, report in produced.items() if not is_preview(report)]
    return [OutputSource(graph_node, graph_node, None) for graph_node in lasting or produced]


def is_preview(report: object) -> bool:
    """Tell whether all files of the report are temporary ones."""
    files = list(files_in(as_object(report)))
    return bool(files) and all(file.folder == "temp" for file in files)


def results(
    wanted: Sequence[OutputSource],
    produced: Mapping[str, Any],
    meta: Mapping[str, Any],
    is_own: Callable[[ReportedFile], bool],
) -> list[EngineFile]:
    """Return the attempt's results in the order of the spec."""
    found: list[EngineFile] = []
    for source in wanted:
        reports = list(reports_of(source.graph_node, produced, meta))
        files = dict.fromkeys(file for report in reports for file in files_in(report))
        own = [file for file in files if is_own(file) and suits(file, source)]
        found += [comfy_file(source, index, file) for index, file in enumerate(own)]
        if source.kind in (None, "text") and not any(map(is_text, own)):
            texts = [text for report in reports for text in texts_in(report, source)]
            found += [comfy_text(source, len(own) + n, text) for n, text in enumerate(texts)]
    return found


def reports_of(
    graph_node: str, produced: Mapping[str, Any], meta: Mapping[str, Any]
) -> Iterator[Mapping[str, Any]]:
    """Yield what a graph node reported, and the graph nodes that it expanded into."""
    for id_, report in produced.items():
        if graph_node in (id_, as_object(meta.get(id_)).get("display_node")):
            yield as_object(report)


def files_in(report: Mapping[str, Any]) -> Iterator[ReportedFile]:
    """Yield the files that a report names, with plain names inside their folders."""
    for key, value in report.items():
        if key == PATH_KEY:
            first = next(iter(as_array(value)), None)
            found = [file_at(first)] if isinstance(first, str) else []
        else:
            found = [as_file(entry) for entry in objects_in(value, DEEPEST)]
        yield from (file for file in found if file)


def objects_in(value: object, depth: int) -> Iterator[Mapping[str, Any]]:
    if is_object(value) and "filename" in value:
        yield value
    elif depth and (is_object(value) or is_array(value)):
        for entry in value.values() if is_object(value) else value:
            yield from objects_in(entry, depth - 1)


def as_file(fields: Mapping[str, Any]) -> ReportedFile | None:
    filename, folder = fields.get("filename"), fields.get("type")
    subfolder = with_slashes(str(fields.get("subfolder") or ""))
    if not isinstance(filename, str) or folder not in ("output", "temp"):
        return None
    is_safe = is_plain(filename) and ".." not in subfolder and not subfolder.startswith("/")
    return ReportedFile(filename, subfolder, folder) if is_safe else None


def file_at(path: str) -> ReportedFile | None:
    """Return the file at a path below the output folder, or that which the path's end names."""
    named = ANNOTATION.search(path)
    parts = PurePosixPath(with_slashes(ANNOTATION.sub("", path).strip()))
    subfolder = "" if str(parts.parent) == "." else str(parts.parent)
    folder = named[1] if named else "output"
    return as_file({"filename": parts.name, "subfolder": subfolder, "type": folder})


def is_plain(filename: str) -> bool:
    return bool(filename) and not {"/", "\\", "\0"} & set(filename) and filename not in (".", "..")


def suits(file: ReportedFile, source: OutputSource) -> bool:
    """Tell whether the file may be of that kind: a caption's node also shows its picture."""
    return source.kind != "text" or is_text(file)


def is_text(file: ReportedFile) -> bool:
    return PurePosixPath(file.filename).suffix.lower() in TEXT_SUFFIXES


def texts_in(report: Mapping[str, Any], source: OutputSource) -> Iterator[str]:
    """Yield the texts under `text`; for an output of texts, else those under any other key."""
    texts = list(strings_in(report.get(TEXT_KEY), DEEPEST))
    if not texts and source.kind == "text":
        others = (value for key, value in report.items() if key != PATH_KEY)
        texts = [text for value in others for text in strings_in(value, DEEPEST)]
    yield from texts


def strings_in(value: object, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif depth and is_array(value):
        for entry in value:
            yield from strings_in(entry, depth - 1)
    elif depth and is_object(value) and "filename" not in value:
        for entry in value.values():
            yield from strings_in(entry, depth - 1)


def comfy_file(source: OutputSource, index: int, file: ReportedFile) -> ComfyFile:
    return ComfyFile(source.output, index, source.kind, *file)


def comfy_text(source: OutputSource, index: int, text: str) -> ComfyText:
    name = f"{index}.txt"
    return ComfyText(source.output, index, "text", name, text, content_type="text/plain")
