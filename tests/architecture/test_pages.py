"""Service READMEs and decisions have one outline each, and their tables are current."""

import re
from pathlib import Path

import pytest

from contracts.services import SERVICES, Service

from .service_pages import pages, readme_of
from .sources import ROOT, tracked

OUTLINE = ["Messages", "Settings", "Rules worth knowing", "Tests"]
PARTS = ["Decision", "Context", "Consequences", "Alternatives"]
DECISIONS = [path for path in tracked(".md") if path.parent == ROOT / "docs" / "decisions"]

services = pytest.mark.parametrize("service", SERVICES.values(), ids=lambda service: service.name)


@services
def test_a_readme_has_the_one_outline(service: Service) -> None:
    text = re.sub(
        r"^```.*?^```", "", readme_of(service).read_text(), flags=re.MULTILINE | re.DOTALL
    )
    assert re.match(rf"# {service.name}\n\n[A-Z]", text), "begin with the name and the purpose"
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == OUTLINE
    assert re.search(r"^## Messages\n\n\| message \|", text, re.MULTILINE), "begin with the table"
    assert re.search(r"^## Settings\n\n\| variable \|", text, re.MULTILINE), "begin with the table"


def test_the_tables_of_messages_and_settings_are_current() -> None:
    stale = [
        str(path.relative_to(ROOT)) for path, text in pages().items() if path.read_text() != text
    ]
    assert not stale, f"run `make fix`: {', '.join(stale)}"


def test_every_setting_and_message_has_a_text() -> None:
    empty = [
        line
        for text in pages().values()
        for line in text.splitlines()
        if re.search(r"\| (None)? ?\|$", line)
    ]
    assert not empty, "\n".join(empty)


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda path: path.name[:4])
def test_a_decision_begins_with_itself_and_ends_with_a_line_to_quote(decision: Path) -> None:
    text = decision.read_text()
    title, first, *_, last = text.rstrip().split("\n\n")
    assert title.startswith(f"# {int(decision.name[:4])}. ")
    assert first.startswith("**Decision.** ")
    assert re.findall(r"^\*\*(\w+)\.\*\*", text, re.MULTILINE) == PARTS
    assert re.fullmatch(r"> .+", last)
    assert not re.search(r"^##", text, re.MULTILINE)


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = sorted(int(path.name[:4]) for path in DECISIONS)
    assert numbers == list(range(1, len(numbers) + 1))


def test_the_vocabulary_has_one_line_a_term_in_order() -> None:
    text = (ROOT / "docs" / "vocabulary.md").read_text()
    terms = re.findall(r"^\| ([^|]+) \| [^|]+ \|$", text, re.MULTILINE)[1:]
    assert terms == sorted(set(terms), key=str.lower)
