import json
from typing import Any, Protocol
from uuid import UUID

import pytest
from typer.testing import CliRunner

from comfyfleet.__main__ import application
from comfyfleet.commands import models

NODE: dict[str, Any] = {
    "id": str(UUID(int=7)),
    "name": "gpu1",
    "base_url": "http://10.0.0.7:8188",
    "phase": "ready",
}
PATH = f"/v1/nodes/{NODE['id']}/models"
SOURCES = [
    {"folder": "loras", "name": "a b.safetensors", "url": "https://h/a", "sha256": "0" * 64},
    {"folder": "vae", "name": "x/v.safetensors", "url": "s3://models/v"},
]


class Fleet(Protocol):
    """The scripted server of conftest.py."""

    url: str
    requests: list[tuple[str, dict[str, str], bytes]]

    def on(self, line: str, *answers: Any) -> None: ...


@pytest.fixture(autouse=True)
def account(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMFYFLEET_URL", fleet.url)
    monkeypatch.setenv("COMFYFLEET_TOKEN", "token")
    monkeypatch.setattr(models, "POLL_SECONDS", 0.0)
    fleet.on("GET /v1/nodes", encoded(items=[NODE], next_cursor=None))
    declare(fleet, "txt2img", SOURCES)


def encoded(**fields: Any) -> bytes:
    return json.dumps(fields).encode()


def declare(fleet: Fleet, name: str, sources: list[dict[str, str]]) -> None:
    spec = {"requires": {"models": sources}}
    content = encoded(name=name, spec=spec, graph={})
    fleet.on(f"GET /v1/workflows/{name}/versions/3", content)


def transfer(phase: str, name: str = "a b.safetensors", **more: Any) -> dict[str, Any]:
    return {"folder": "loras" if name[0] == "a" else "vae", "name": name, "phase": phase, **more}


def folder(*transfers: dict[str, Any]) -> bytes:
    return encoded(transfers=transfers, used_bytes=2_000_000_000, max_bytes=9_000_000_000)


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(application(), ["models", *arguments])
    return done.exit_code, done.output + str(done.exception or "")


def test_declared_files_are_fetched_and_followed_to_their_end(fleet: Fleet) -> None:
    fleet.on(f"PUT {PATH}/loras/a%20b.safetensors", encoded(**transfer("waiting")))
    fleet.on(f"PUT {PATH}/vae/x/v.safetensors", encoded(**transfer("waiting", "x/v.safetensors")))
    half: dict[str, Any] = {"size_bytes": 10, "fetched_bytes": 5}
    fleet.on(
        f"GET {PATH}",
        folder(transfer("fetching", **half)),  # the agent has forgotten the other file
        folder(transfer("completed"), transfer("completed", "x/v.safetensors")),
    )
    code, output = run("sync", "txt2img@3")

    assert code == 0, output
    assert "gpu1 loras/a b.safetensors fetching 50 %" in output
    assert "gpu1 vae/x/v.safetensors completed" in output
    sent = [json.loads(body) for line, _, body in fleet.requests if line.startswith("PUT")]
    assert sent[0] == {"url": "https://h/a", "sha256": "0" * 64}
    assert [one["url"] for one in sent] == ["https://h/a", "s3://models/v", "s3://models/v"]


def test_a_file_that_cannot_be_fetched_fails_the_command(fleet: Fleet) -> None:
    declare(fleet, "txt2img", SOURCES[:1])
    fleet.on(f"PUT {PATH}/loras/a%20b.safetensors", encoded(**transfer("waiting")))
    fleet.on(f"GET {PATH}", folder(transfer("failed", reason="its server answers 404")))
    code, output = run("sync", "txt2img@3", "--node", "gpu1")

    assert code == 1
    assert "its server answers 404" in output


def test_two_contents_of_one_name_are_refused_before_anything_is_fetched(fleet: Fleet) -> None:
    declare(fleet, "other", [SOURCES[0] | {"sha256": "1" * 64}])
    code, output = run("sync", "txt2img@3", "other@3")

    assert code == 1
    assert "several contents" in output
    assert not [line for line, _, _ in fleet.requests if line.startswith("PUT")]


def test_transfers_are_listed_with_the_room_of_their_folder(fleet: Fleet) -> None:
    fleet.on(f"GET {PATH}", folder(transfer("fetching", size_bytes=10, fetched_bytes=5)))
    code, output = run("list")

    assert code == 0, output
    assert "2.0 of 9.0 GB are used" in output
    assert "50 %" in output
