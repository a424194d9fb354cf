"""Texts are plain English: no riddle at the start of a docstring, American spelling."""

import ast
import re
from collections.abc import Iterator
from typing import TypeAlias

import pytest

from .sources import modules

Found: TypeAlias = Iterator[tuple[int, str]]
"""Line and text."""

RIDDLE = re.compile(r"(What|Whatever|Who|Whoever|One that|The same|That which)\b")
BRITISH = re.compile(
    r"favourit|colour|behaviour|neighbour|honour|catalogue|\bcentre|grey|analyse|artefact"
    r"|(cancel|label|model|travel)l(ed|ing)"
    r"|(author|categor|character|custom|final|initial|maxim|minim|normal|optim|organ|recogn"
    r"|serial|standard|summar|synchron|util)is(e|ed|es|ing|ation)\b",
    re.IGNORECASE,
)
PYTHONS_OWN = re.compile(r"CancelledError|\.cancelled\b")
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def docstrings(tree: ast.Module) -> Found:
    for node in ast.walk(tree):
        if isinstance(node, DOCUMENTED) and (text := ast.get_docstring(node)):
            yield node.body[0].lineno, text


def descriptions(tree: ast.Module) -> Found:
    """Yield each `description="…"`: these texts are the reference of the API and of messages."""
    for node in ast.walk(tree):
        match node:
            case ast.keyword(arg="description", value=ast.Constant(value=str(text))):
                yield node.value.lineno, text
            case _:
                pass


def names(tree: ast.Module) -> Found:
    """Yield each name that the module defines; names that it uses may be a library's."""
    for node in ast.walk(tree):
        match node:
            case (
                ast.ClassDef(name=name)
                | ast.FunctionDef(name=name)
                | ast.AsyncFunctionDef(name=name)
                | ast.arg(arg=name)
                | ast.Name(id=name, ctx=ast.Store())
                | ast.Attribute(attr=name, ctx=ast.Store())
                | ast.alias(asname=str(name))
            ):
                yield node.lineno, name
            case _:
                pass


def riddles(tree: ast.Module) -> Found:
    for line, text in (*docstrings(tree), *descriptions(tree)):
        if RIDDLE.match(text):
            yield line, text.partition("\n")[0]


def british(tree: ast.Module) -> Found:
    for line, text in (*docstrings(tree), *descriptions(tree), *names(tree)):
        for word in BRITISH.finditer(PYTHONS_OWN.sub("", text)):
            yield line, word[0]


def test_no_docstring_begins_with_a_riddle() -> None:
    found = [f"{name}:{line}: {text}" for name, tree in modules() for line, text in riddles(tree)]
    assert not found, "begin with a subject or a verb instead:\n" + "\n".join(found)


def test_spelling_is_american() -> None:
    found = [f"{name}:{line}: {word}" for name, tree in modules() for line, word in british(tree)]
    found += [f"{name}: rename it" for name, _ in modules() if BRITISH.search(name)]
    assert not found, "use American spelling:\n" + "\n".join(found)


@pytest.mark.parametrize(
    "text",
    [
        '"""What it does."""',
        'class A:\n    """Who may do it."""',
        'async def a():\n    """The same with a place."""',
        'def a():\n    """One that is ready."""',
        'x: int = Field(description="Whatever came.")',
    ],
)
def test_a_riddle_is_found_wherever_it_stands(text: str) -> None:
    assert len(list(riddles(ast.parse(text)))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "def is_favourite(): ...",
        "def a(colour): ...",
        "COLOURS = 1",
        "a.was_cancelled = 1",
        "from a import b as grey_level",
        '"""It is normalised."""',
        'x = Field(description="Catalogue of workflows.")',
    ],
)
def test_british_spelling_is_found_wherever_it_stands(text: str) -> None:
    assert len(list(british(ast.parse(text)))) == 1


@pytest.mark.parametrize(
    "text",
    [
        '"""Whole files, or nothing."""',
        '"""Return the color; `CancelledError` ends it."""',
        "if task.cancelled(): raise asyncio.CancelledError",
        "characteristic = organism = 1",
    ],
)
def test_plain_american_words_pass(text: str) -> None:
    tree = ast.parse(text)
    assert [*riddles(tree), *british(tree)] == []
