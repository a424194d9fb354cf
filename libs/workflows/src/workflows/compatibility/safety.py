"""What a workflow must not do on a shared server, said when it is uploaded.

`seal` refuses the same when a job runs; here its author hears of it.
"""

import re
from collections.abc import Collection, Iterator
from fnmatch import fnmatchcase

from contracts.errors import FieldError
from workflows.compatibility.fits import names_a_file
from workflows.compatibility.probing import values_at
from workflows.graph.binding import Bind
from workflows.graph.graph import Graph, class_of
from workflows.graph.needs import FILE_INPUTS
from workflows.graph.seal import FILE_LIKE, escapes, prefix_inputs
from workflows.spec.parameter import MEDIA, TEXTS, InputSpec
from workflows.spec.paths import is_inside
from workflows.spec.problems import Problems
from workflows.spec.spec import Spec

FORBIDDEN: tuple[str, ...] = (
    "*Command",
    "*CommandLine*",
    "*Eval*Code*",
    "*Exec*Code*",
    "*Exec*Script*",
    "*From*Dir",
    "*From*Directory*",
    "*From*Folder*",
    "*From*Path*",
    "*From*Url*",
    "*Python*",
    "*Run*Code*",
    "*Run*Command*",
    "*Run*Script*",
    "*Shell*",
    "*Subprocess*",
    "AnyNode*",
    "Create Video from Path",
    "IDENode",
    "Load Image Batch",
    "Load Text File",
    "LoadImageListFromDir*",
    "LoadImageOutput",
    "LoadImagesFromDir*",
    "LoadTrainingDataset",
    "Save Text File",
    "Text Load Line From File",
    "VHS_Load*Path",
)
"""Graph-node classes that run code, or read and write wherever their inputs say."""
NAMES = frozenset(
    {"url", "uri", "path", "file", "dir", "directory", "directorie", "folder"}
    | {"filename", "filepath", "foldername", "dirname"}
)
RUNS = frozenset(
    {"cmd", "command", "code", "script", "expression", "expr", "eval", "exec"}
    | {"python", "shell", "regex", "regexp"}
)
"""Words in names of inputs that say where to read, and what to run. A regular expression counts:
it can hold a server for ever."""
WORD = re.compile(r"[A-Z]+s?(?![a-z])|[A-Z]?[a-z]+")
COMPOUND = re.compile(
    r"(audio|base|font|image|img|input|load|mask|model|output|root|save|text|video|web)"
    r"(dir|directory|file|folder|path|uri|url)"
)


def risks(graph: Graph, spec: Spec, forbidden: Collection[str] = FORBIDDEN) -> list[FieldError]:
    """Why this must not run for others; `forbidden` are patterns of class names."""
    problems = Problems()
    for id_, node in graph.items():
        class_ = class_of(node)
        if any(fnmatchcase(class_.lower(), pattern.lower()) for pattern in forbidden):
            message = f"graph nodes of class {class_} are not allowed here"
            problems.add(f"graph.{id_}.class_type", "forbidden_class", message)
    for path, code, message in escapes(graph):
        problems.add(path, code, message)
    for path, code, message in unsafe_binds(spec, graph):
        problems.add(path, code, message)
    return problems.errors


def unsafe_binds(spec: Spec, graph: Graph) -> Iterator[tuple[str, str, str]]:
    """Where a caller's own words would name a file or be run on the host; or the author's do."""
    for name, item in spec.inputs.items():
        for index, bind in enumerate(item.bind):
            path, class_ = f"inputs.{name}.bind.{index}", class_of(graph[bind.node])
            if bind.input in prefix_inputs(class_, {bind.input: ""}):
                continue  # each attempt gets one of its own
            if found := unsafe(item, bind, class_):
                yield f"{path}.input", *found
            elif leaves_its_folder(item, bind, class_):
                yield path, "unsafe_path", "expected names inside their folder"


def unsafe(item: InputSpec, bind: Bind, class_: str) -> tuple[str, str] | None:
    """Why this type may not go there: LoadImage alone reads any path on the host."""
    is_text, words = item.item_type in TEXTS, words_of(bind.input)
    loads = FILE_INPUTS.get(class_) == bind.input
    if not item.is_media and (loads or (is_text and FILE_LIKE.search(bind.input))):
        return "file_by_name", f"{bind.input} names a file: expected type {', '.join(MEDIA)}"
    is_free = is_text or item.item_type == "model"
    if (is_text and words & NAMES) or (is_free and words & RUNS):
        expected = "expected type choice, or one of media"
        return "free_text", f"no text of a caller's may go to {bind.input}: {expected}"
    return None


def leaves_its_folder(item: InputSpec, bind: Bind, class_: str) -> bool:
    """Whether a choice, a template or a switch puts such a name where a file is named."""
    if not names_a_file(class_, bind.input) and not FILE_LIKE.search(bind.input):
        return False
    texts = [value for value in values_at(item, bind) if isinstance(value, str)]
    return not all(map(is_inside, texts))


def words_of(name: str) -> set[str]:
    """Its words in small letters and the singular: `imagePaths` and `image_path` are one."""
    words = {word.lower() for word in WORD.findall(name)}
    words |= {word.removesuffix("s") for word in words}
    compounds = filter(None, map(COMPOUND.fullmatch, words))
    return words.union(*(compound.groups() for compound in compounds))
