"""What a workflow must not do on a shared server, said when it is uploaded.

`seal` refuses the same when a job runs; here its author hears of it.
"""

from collections.abc import Collection, Iterator
from fnmatch import fnmatchcase

from contracts.errors import FieldError
from workflows.binding import Bind
from workflows.graph import Graph, class_of
from workflows.needs import FILE_INPUTS
from workflows.parameter import TEXTS
from workflows.problems import Problems
from workflows.seal import FILE_LIKE, escapes
from workflows.spec import Spec

FORBIDDEN: tuple[str, ...] = (
    "*ExecutePython*",
    "*PythonCode*",
    "*PythonScript*",
    "*RunPython*",
    "*ShellCommand*",
    "AnyNode*",
    "Create Video from Path",
    "IDENode",
    "Load Image Batch",
    "Load Text File",
    "LoadImageDataSetFromFolder",
    "LoadImageListFromDir*",
    "LoadImageOutput",
    "LoadImageTextDataSetFromFolder",
    "LoadImagesFromDir*",
    "LoadImagesFromFolderKJ",
    "LoadTrainingDataset",
    "Save Text File",
    "Text Load Line From File",
    "VHS_Load*Path",
)
"""Graph-node classes that run code, or read and write wherever their inputs say."""


def risks(graph: Graph, spec: Spec, forbidden: Collection[str] = FORBIDDEN) -> list[FieldError]:
    """Why this must not run for others; `forbidden` are patterns of class names."""
    problems = Problems()
    for id_, node in graph.items():
        class_ = class_of(node)
        if any(fnmatchcase(class_, pattern) for pattern in forbidden):
            message = f"graph nodes of class {class_} are not allowed here"
            problems.add(f"graph.{id_}.class_type", "forbidden_class", message)
    for path, code, message in escapes(graph):
        problems.add(path, code, message)
    for path, bind in file_binds(spec, graph):
        message = f"{bind.input} names a file: expected type image, mask, video, audio or file"
        problems.add(path, "file_by_name", message)
    return problems.errors


def file_binds(spec: Spec, graph: Graph) -> Iterator[tuple[str, Bind]]:
    """Where a caller's own words would name a file on the host: LoadImage reads any path."""
    for name, item in spec.inputs.items():
        if item.is_media:
            continue
        for index, bind in enumerate(item.bind):
            loads = FILE_INPUTS.get(class_of(graph[bind.node])) == bind.input
            is_text = item.item_type in TEXTS
            if loads or (is_text and FILE_LIKE.search(bind.input)):
                yield f"inputs.{name}.bind.{index}.input", bind
