"""Picks the files of a history entry that are the attempt's results.

Keys of outputs are open-ended (`images`, `gifs`, `audio` …), so files are told by their shape
`{filename, type}`. A custom node may name any file: only the attempt's own are taken.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contracts.media.files import MediaKind
from node_agent.ports import EngineFile
from workflows import Spec
from workflows.json_values import as_array, as_object


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
    """Return the spec's outputs; without a spec, each graph node that produced something."""
    if spec.outputs:
        return [OutputSource(name, out.node, out.kind) for name, out in spec.outputs_in_order]
    return [OutputSource(graph_node, graph_node, None) for graph_node in produced]


def results(
    wanted: Sequence[OutputSource],
    produced: Mapping[str, Any],
    meta: Mapping[str, Any],
    prefix: str,
) -> list[EngineFile]:
    """The results in the order of the spec; `prefix` is the attempt's own folder."""
    found: list[EngineFile] = []
    for source in wanted:
        entries = entries_of(source.graph_node, produced, meta)
        own = [entry for entry in entries if is_own(entry, source, prefix)]
        found += [result(source, index, entry) for index, entry in enumerate(own)]
    return found


def entries_of(
    graph_node: str, produced: Mapping[str, Any], meta: Mapping[str, Any]
) -> Iterator[object]:
    """Yield the entries of a graph node, and of the graph nodes that it expanded into."""
    for id_, keys in produced.items():
        if graph_node not in (id_, as_object(meta.get(id_)).get("display_node")):
            continue
        for key, values in as_object(keys).items():
            for value in as_array(values):
                if isinstance(value, dict) or (key == "text" and isinstance(value, str)):
                    yield value


def is_own(entry: object, source: OutputSource, prefix: str) -> bool:
    if isinstance(entry, str):
        return source.kind in (None, "text")
    fields = as_object(entry)
    filename, folder = fields.get("filename"), fields.get("type")
    if not isinstance(filename, str) or folder not in ("output", "temp"):
        return False
    subfolder = str(fields.get("subfolder") or "").replace("\\", "/")
    is_inside = f"{subfolder}/".startswith(f"{prefix}/") and ".." not in subfolder
    # PreviewImage takes no prefix; its random name lies in temp/ itself
    is_placed = is_inside or (folder == "temp" and not subfolder)
    return is_placed and is_plain(filename)


def is_plain(filename: str) -> bool:
    return bool(filename) and not {"/", "\\", "\0"} & set(filename) and filename not in (".", "..")


def result(source: OutputSource, index: int, entry: object) -> EngineFile:
    if isinstance(entry, str):
        name = f"{index}.txt"
        return ComfyText(source.output, index, "text", name, entry, content_type="text/plain")
    fields = as_object(entry)
    return ComfyFile(
        output=source.output,
        index=index,
        kind=source.kind,
        filename=fields["filename"],
        subfolder=str(fields.get("subfolder") or ""),
        folder=fields["type"],
    )
