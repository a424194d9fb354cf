"""Finds what a workflow must not do on a shared server, so that its upload is refused.

`seal` refuses unsafe file names again when a job runs. Danger that no class declares is guessed
from words in names of inputs: see docs/decisions/0012.
"""

import re
from collections.abc import Collection, Iterator
from fnmatch import fnmatchcase

from contracts.errors import FieldError
from workflows.compatibility.bind_check import values_at
from workflows.file_names import is_inside
from workflows.graph.graph import Graph, class_of
from workflows.graph.requirements import FILE_INPUTS, names_a_file
from workflows.graph.seal import FILE_LIKE, escapes, prefix_inputs
from workflows.problems import Problems
from workflows.spec.binding import Bind
from workflows.spec.parameter import MEDIA, TEXTS, InputSpec
from workflows.spec.spec import Spec

FORBIDDEN: tuple[str, ...] = (
    "*Command", "*CommandLine*", "*Eval*Code*", "*Exec*Code*", "*Exec*Script*",
    "*From*Dir", "*From*Directory*", "*From*Folder*", "*From*Path*", "*From*Url*",
    "*Python*", "*Run*Code*", "*Run*Command*", "*Run*Script*", "*Shell*", "*Subprocess*",
    "AnyNode*", "Create Video from Path", "IDENode", "Load Image Batch", "Load Text File",
    "LoadImageListFromDir*", "LoadImageOutput", "LoadImagesFromDir*", "LoadTrainingDataset",
    "Save Text File", "Text Load Line From File", "VHS_Load*Path",
)  # fmt: skip
"""Graph-node classes that run code, or read and write any path that an input names."""
LOCATION_WORDS = frozenset(
    {"url", "uri", "path", "file", "dir", "directory", "directorie", "folder"}
    | {"filename", "filepath", "foldername", "dirname"}
)
"""Words in the name of an input that takes the location of a file."""
CODE_WORDS = frozenset(
    {"cmd", "command", "code", "script", "expression", "expr", "eval", "exec"}
    | {"python", "shell", "regex", "regexp"}
)
"""Words in the name of an input that takes code. A regular expression counts as code, because it
can block a server forever."""
WORD = re.compile(r"[A-Z]+s?(?![a-z])|[A-Z]?[a-z]+")
CLASS_WORD = re.compile(r"[A-Z]+s?(?![a-z])|[A-Z]?[a-z]+|\d+")
OTHER_ENDS = {"code": "cs?", "path": "ways?", "shell": "ac|fish"}
"""Words of patterns → ends with which they mean something else: codec, pathway, shellfish."""
OTHER_MEANING = re.compile(
    r"(bomb|clam|cockle|coconut|conch|crab|egg|hard|mussel|nut|oyster|pea|scallop|sea|snail|soft|"
    r"tortoise|turtle|walnut)shells?|shell(ac|fish)"
)
COMPOUND = re.compile(
    r"(audio|base|font|image|img|input|load|mask|model|output|root|save|text|video|web)"
    r"(dir|directory|file|folder|path|uri|url)"
)


def risks(graph: Graph, spec: Spec, forbidden: Collection[str] = FORBIDDEN) -> list[FieldError]:
    """Return every reason to refuse the workflow; `forbidden` are patterns of class names."""
    problems = Problems()
    for id_, node in graph.items():
        class_ = class_of(node)
        if any(is_named(class_, pattern) for pattern in forbidden):
            message = f"this fleet does not allow graph nodes of class {class_}: remove it"
            problems.add(f"graph.{id_}.class_type", "forbidden_class", message)
    replaced = {f"graph.{place}" for place in replaced_places(spec)}
    for found in (*escapes(graph), *unsafe_binds(spec, graph)):
        if found[0] not in replaced:
            problems.add(*found)
    return problems.errors


def replaced_places(spec: Spec) -> Iterator[str]:
    """Yield the places whose stored value never runs, because every job must give another."""
    for item in spec.inputs.values():
        sure = (item.min_items or 1) if item.is_spread else len(item.bind)
        for bind in item.bind[:sure] if item.required else ():
            if bind.path is None:
                yield f"{bind.node}.inputs.{bind.input}"


def is_named(class_: str, pattern: str) -> bool:
    """Tell whether a pattern names the class: each part of it must begin where a word does.

    So `*Run*Code*` does not name TruncateTextEncode. A name of one word is compared by letters
    too, as `runpythoncode` may be several, unless it is a word of another meaning: Seashell.
    """
    words, by_letters = in_words(class_), fnmatchcase(class_.lower(), pattern.lower())
    if set("?[") & set(pattern) or not pattern.isascii():
        return by_letters
    begins = ".*".join(begin_of(in_words(part)) for part in pattern.split("*"))
    is_one = " " not in words and not OTHER_MEANING.fullmatch(words)
    return (is_one and by_letters) or re.fullmatch(begins, words) is not None


def begin_of(part: str) -> str:
    """Return a regular expression for words that begin so."""
    other = rf"(?!({OTHER_ENDS[part]})\b)" if part in OTHER_ENDS else ""
    return rf"\b{re.escape(part)}{other}" if part else ""


def in_words(class_: str) -> str:
    return " ".join(CLASS_WORD.findall(class_)).lower()


def unsafe_binds(spec: Spec, graph: Graph) -> Iterator[tuple[str, str, str]]:
    """Yield binds through which a caller or the author names a file or runs code on the host."""
    for name, item in spec.inputs.items():
        for index, bind in enumerate(item.bind):
            path, class_ = f"inputs.{name}.bind.{index}", class_of(graph[bind.node])
            if bind.input in prefix_inputs(class_, {bind.input: ""}):
                continue  # `seal` replaces it by a prefix of the attempt
            if found := unsafe(item, bind, class_):
                yield f"{path}.input", *found
            elif leaves_its_folder(item, bind, class_):
                yield path, "unsafe_path", "expected file names that stay inside their folder"


def unsafe(item: InputSpec, bind: Bind, class_: str) -> tuple[str, str] | None:
    """Return why values of this type may not reach the input: LoadImage reads any path."""
    is_text, words = item.item_type in TEXTS, words_of(bind.input)
    loads = FILE_INPUTS.get(class_) == bind.input
    if not item.is_media and (loads or (is_text and FILE_LIKE.search(bind.input))):
        return "file_by_name", f"{bind.input} names a file: expected type {', '.join(MEDIA)}"
    is_free = is_text or item.item_type == "model"
    if (is_text and words & LOCATION_WORDS) or (is_free and words & CODE_WORDS):
        expected = "expected type choice or a media type"
        return "free_text", f"{bind.input} may take no free text of a caller: {expected}"
    return None


def leaves_its_folder(item: InputSpec, bind: Bind, class_: str) -> bool:
    """Tell whether a choice, a template or a switch names a file outside its folder."""
    if not names_a_file(class_, bind.input) and not FILE_LIKE.search(bind.input):
        return False
    texts = [value for value in values_at(item, bind) if isinstance(value, str)]
    return not all(map(is_inside, texts))


def words_of(name: str) -> set[str]:
    """Return the words of a name, lower case, with singulars: `imagePaths` has image, path."""
    words = {word.lower() for word in WORD.findall(name)}
    words |= {word.removesuffix("s") for word in words}
    compounds = filter(None, map(COMPOUND.fullmatch, words))
    return words.union(*(compound.groups() for compound in compounds))
