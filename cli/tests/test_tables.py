"""Data is printed as it is: names of files, addresses and texts of others may look like markup."""

import io
import re
from pathlib import Path

import pytest
from rich.console import Console

import comfyfleet
from comfyfleet import tables
from comfyfleet.commands.node_contents import queue_table
from comfyfleet.job_run import progress_bar
from contracts.node_queue import NodeQueue, QueuedPrompt

HOSTILE = ["a[/b]", "film [v2].safetensors", "http://[::1]:8188", ":100:", "[red]x"]


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    shown = io.StringIO()
    monkeypatch.setattr(tables.console, "_file", shown)
    return shown


def test_tables_and_texts_show_data_as_it_is(printed: io.StringIO) -> None:
    table = tables.plain_table("name")
    table.title = HOSTILE[0]
    for text in HOSTILE:
        table.add_row(text)
        tables.say(text)
        tables.console.print(text)
    tables.console.print(table)
    for text in HOSTILE:
        assert printed.getvalue().count(text) >= 3, text


def test_a_foreign_prompt_cannot_break_the_table_of_a_queue(printed: io.StringIO) -> None:
    prompts = [QueuedPrompt(prompt_id=text, state="pending") for text in HOSTILE]
    tables.console.print(queue_table(NodeQueue(prompts=prompts, prompt_count=len(prompts))))
    assert all(text in printed.getvalue() for text in HOSTILE)


def test_progress_shows_data_as_it_is() -> None:
    shown = io.StringIO()
    with progress_bar(Console(file=shown, width=200)) as bar:
        bar.add_task(" ".join(HOSTILE), total=1.0)
    assert " ".join(HOSTILE) in shown.getvalue()


def test_every_console_and_column_of_text_leaves_markup_alone() -> None:
    sources = Path(comfyfleet.__file__).parent.rglob("*.py")
    made = [
        call
        for source in sources
        for call in re.findall(r"\b(?:Console|TextColumn)\([^)]*\)?", source.read_text())
    ]
    assert made
    assert all("markup=False" in call for call in made), made
