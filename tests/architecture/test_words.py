"""Texts are plain English: no riddle at their start, American spelling, no retired word."""

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from .sources import ROOT, tracked

Found: TypeAlias = Iterator[tuple[int, str]]
"""Line and text."""

RIDDLE = re.compile(r"(What|Whatever|Who|Whoever|One that|The same|That which)\b", re.IGNORECASE)
WHETHER = re.compile(r"(Whether|How)\b")
"""At the start of a docstring; a field's description may begin with it."""
SENTENCE = re.compile(r"(?:^|[.!?:|]\s)[-*#>|_\s\d.]*(?=([A-Z].*))")
"""Start of a sentence in Markdown, also in a list, a heading or a table's cell."""
BRITISH = re.compile(
    r"favourit|colour|harbour|flavour|behaviour|neighbour|honour|catalogue|\bcentre|grey|analyse|artefact"
    r"|licence|defence|\bprogramme\b|(cancel|label|model|travel)l(ed|ing)"
    r"|(author|categor|character|custom|final|initial|maxim|minim|normal|optim|organ|recogn"
    r"|quant|serial|standard|summar|synchron|util)is(e|ed|es|ing|ation)\b",
    re.IGNORECASE,
)
RETIRED = re.compile(r"workshop|misfit|unfit|unsuited|intray|fakearchive", re.IGNORECASE)
"""Words in whose place `docs/vocabulary.md` has terms of the field."""
PYTHONS_OWN = re.compile(r"CancelledError|\.cancelled\b")


def docstrings(tree: ast.Module) -> Found:
    """Yield docstrings, also those of attributes."""
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant(value=str(text))):
                yield node.lineno, text
            case _:
                pass


def descriptions(tree: ast.Module) -> Found:
    """Yield each `description="…"`: these texts are the reference of the API and of messages."""
    for node in ast.walk(tree):
        match node:
            case ast.keyword(
                arg="description" | "help" | "title", value=ast.Constant(value=str(text))
            ):
                yield node.value.lineno, text
            case _:
                pass


def error_texts(tree: ast.Module) -> Found:
    """Yield the first words of each error that is raised."""
    for node in ast.walk(tree):
        match node:
            case ast.Raise(
                exc=ast.Call(
                    args=[
                        ast.Constant(value=str(text))
                        | ast.JoinedStr(values=[ast.Constant(value=str(text)), *_]),
                        *_,
                    ]
                )
            ):
                yield node.lineno, text
            case _:
                pass


def comments(text: str) -> Found:
    """Yield the first line of each comment."""
    last = -1
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            if token.start[0] != last + 1:
                yield token.start[0], token.string.lstrip("# ")
            last = token.start[0]


def riddles(text: str) -> Found:
    """Yield texts of a module that begin with a riddle."""
    tree = ast.parse(text)
    documented = list(docstrings(tree))
    openings = (*documented, *descriptions(tree), *error_texts(tree), *comments(text))
    for line, opening in openings:
        if RIDDLE.match(opening):
            yield line, opening.partition("\n")[0]
    for line, opening in documented:
        if WHETHER.match(opening):
            yield line, opening.partition("\n")[0]


def markdown_riddles(text: str) -> Found:
    """Yield sentences that begin with a riddle; code blocks and quotes in them are left out."""
    for number, line in enumerate(re.sub(r"`[^`\n]*`", "`…`", text).splitlines(), 1):
        for start in SENTENCE.finditer(line):
            if RIDDLE.match(start[1]):
                yield number, start[1]


def british(text: str) -> Found:
    for number, line in enumerate(text.splitlines(), 1):
        for word in BRITISH.finditer(PYTHONS_OWN.sub("", line)):
            yield number, word[0]


def retired(text: str) -> Found:
    for number, line in enumerate(text.splitlines(), 1):
        for word in RETIRED.finditer(line):
            yield number, word[0]


def texts(*suffixes: str) -> Iterator[tuple[str, str]]:
    """Yield name and text of each file but this one and migrations, which keep old names."""
    for path in tracked(*suffixes):
        is_migration = path.parent.name == "versions" or path.name == "test_migrations.py"
        if path != Path(__file__) and not is_migration:
            yield str(path.relative_to(ROOT)), path.read_text()


def found_in(find: Callable[[str], Found], *suffixes: str) -> list[str]:
    return [
        f"{name}:{line}: {found}" for name, text in texts(*suffixes) for line, found in find(text)
    ]


def test_no_text_of_the_code_begins_with_a_riddle() -> None:
    found = found_in(riddles, ".py")
    assert not found, "begin with a subject or a verb instead:\n" + "\n".join(found)


def test_no_sentence_of_a_page_begins_with_a_riddle() -> None:
    found = found_in(markdown_riddles, ".md")
    assert not found, "begin with a subject or a verb instead:\n" + "\n".join(found)


def test_spelling_is_american() -> None:
    found = found_in(british, ".py", ".md", ".toml", ".yml", ".yaml")
    found += [f"{name}: rename it" for name, _ in texts(".py", ".md") if BRITISH.search(name)]
    assert not found, "use American spelling:\n" + "\n".join(found)


def test_no_retired_word_comes_back() -> None:
    found = found_in(retired, ".py", ".md")
    found += [f"{name}: rename it" for name, _ in texts(".py", ".md") if RETIRED.search(name)]
    assert not found, "use the term of docs/vocabulary.md:\n" + "\n".join(found)


@pytest.mark.parametrize(
    "text",
    [
        '"""What it does."""',
        '"""Whether it does."""',
        'class A:\n    """Who may do it."""',
        'class A:\n    x: int\n    """Whatever came."""',
        'async def a():\n    """The same with a place."""',
        'def a():\n    """One that is ready."""',
        'x: int = Field(description="Whatever came.")',
        'raise InvalidError("what you sent is too long")',
        'raise InvalidError(f"the same {name} again")',
        "x = 1  # the same as above",
    ],
)
def test_a_riddle_is_found_wherever_it_stands(text: str) -> None:
    assert len(list(riddles(text))) == 1


@pytest.mark.parametrize(
    "text", ["It runs. What ends it is new.", "* The same again", "## Who does it", "| a | What. |"]
)
def test_a_riddle_of_a_page_is_found_wherever_it_stands(text: str) -> None:
    assert len(list(markdown_riddles(text))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "def is_favourite(): ...",
        "COLOURS = 1",
        "a.was_cancelled = 1  # as it was",
        "from a import b as grey_level",
        '"""It is normalised."""',
        "# Catalogue of workflows",
        "title: A harbour at dawn",
        "help: Quantised to 8 bits",
    ],
)
def test_british_spelling_is_found_wherever_it_stands(text: str) -> None:
    assert len(list(british(text))) == 1


@pytest.mark.parametrize(
    "text",
    [
        '"""Whole files, or nothing."""',
        '"""Return the color; `CancelledError` ends it."""',
        "if task.cancelled(): raise asyncio.CancelledError",
        "characteristic = organism = 1  # of all, the same",
        'x: bool = Field(description="Whether it runs.")',
    ],
)
def test_plain_american_words_pass(text: str) -> None:
    assert [*riddles(text), *british(text), *retired(text), *markdown_riddles(text)] == []
