"""Posting graphs to a ComfyUI or what speaks like one, with empty files in place of models."""

import time
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from contracts.content_types import HEAD_BYTES
from workflows import Inputs, WorkflowVersion, media_uses, render, seal
from workflows.graph.requirements import MODEL_INPUTS, ModelFile
from workflows.spec.installation import directory_of

GONE_SECONDS = 60.0
RUN_SECONDS = 120.0
POLL_SECONDS = 0.01
OK = 200


@dataclass(frozen=True, slots=True)
class Verdict:
    """ComfyUI's answer to a graph."""

    status: int
    errors: tuple[tuple[str, str, str], ...]
    """(class, input, type of error)"""

    @property
    def is_accepted(self) -> bool:
        return self.status == OK and not self.errors

    @property
    def misses_only_models(self) -> bool:
        return all(
            kind == "value_not_in_list" and name in MODEL_INPUTS.get(class_, {})
            for class_, name, kind in self.errors
        )


@dataclass(frozen=True, slots=True)
class ComfyUI:
    """A server, the directory of its files, and a picture that it has."""

    client: httpx.Client
    base: Path
    picture: str
    classes: frozenset[str]

    def rendered(self, version: WorkflowVersion, inputs: Inputs) -> dict[str, Any]:
        """The graph as an agent would post it: one picture for all media, own file names."""
        staged = {use.media_id: self.picture for use in media_uses(version.spec, inputs)}
        return seal(render(version.graph, version.spec, inputs, staged), f"cf/{uuid4()}")

    def verdict(self, graph: dict[str, Any]) -> Verdict:
        """Post the graph, and take it back at once: its models are empty files."""
        prompt_id = str(uuid4())
        answer = self.client.post("/prompt", json={"prompt": graph, "prompt_id": prompt_id})
        if answer.status_code == OK:
            self.take_back(prompt_id)
        return Verdict(answer.status_code, tuple(errors_of(answer.json())))

    def take_back(self, prompt_id: str) -> None:
        """Repeated until it is gone: one that is between queue and worker is hit by neither."""
        deadline = time.monotonic() + GONE_SECONDS
        while self.is_there(prompt_id):
            self.client.post("/queue", json={"delete": [prompt_id]})
            self.client.post("/interrupt", json={"prompt_id": prompt_id})
            assert time.monotonic() < deadline, f"ComfyUI does not let go of {prompt_id}"

    def is_there(self, prompt_id: str) -> bool:
        return any(
            entry[1] == prompt_id
            for part in self.client.get("/queue").json().values()
            for entry in part
        )

    def run(self, graph: dict[str, Any]) -> dict[str, list[dict[str, str]]]:
        """Run the graph to its end; the files that each output node wrote, as /view wants them."""
        prompt_id = str(uuid4())
        answer = self.client.post("/prompt", json={"prompt": graph, "prompt_id": prompt_id})
        assert answer.status_code == OK, answer.text
        deadline = time.monotonic() + RUN_SECONDS
        while not (entry := self.client.get(f"/history/{prompt_id}").json()):
            assert time.monotonic() < deadline, f"{prompt_id} takes too long"
            time.sleep(POLL_SECONDS)
        done = entry[prompt_id]
        assert done["status"]["status_str"] == "success", done["status"]["messages"][-1]
        return {id_: files["images"] for id_, files in done["outputs"].items()}

    def head(self, file: dict[str, str]) -> bytes:
        """The first bytes of the file."""
        return self.client.get("/view", params=file).raise_for_status().content[:HEAD_BYTES]

    @contextmanager
    def placeholders(self, files: Iterable[ModelFile]) -> Generator[None, None, None]:
        """Empty files under these names, as far as there are none; gone afterwards."""
        made = list[Path]()
        try:
            for folder, name in files:
                path = self.base / directory_of(folder) / name
                if not path.exists():
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.touch()
                    made.append(path)
            yield
        finally:
            for path in made:
                path.unlink()


def errors_of(answer: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    found: dict[str, Any] = answer.get("node_errors") or {}
    if "error" in answer and not found:
        yield "", "", answer["error"]["type"]
    for node in found.values():
        for error in node["errors"]:
            yield node["class_type"], error["extra_info"].get("input_name", ""), error["type"]
