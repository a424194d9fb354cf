import json
from typing import Any, Protocol
from uuid import UUID

import pytest
from typer.testing import CliRunner

from comfyfleet.__main__ import application
from comfyfleet.client import api
from comfyfleet.commands import models

from .conftest import Answer

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


OTHER = NODE | {"id": str(UUID(int=8)), "name": "gpu2"}


def refusal(code: str, detail: str, status: int = 409) -> Answer:
    return Answer(encoded(type=f"urn:comfyfleet:problem:{code}", detail=detail), status)


def test_a_node_that_refuses_holds_up_no_other(fleet: Fleet) -> None:
    declare(fleet, "txt2img", SOURCES[:1])
    fleet.on("GET /v1/nodes", encoded(items=[OTHER, NODE], next_cursor=None))
    refused = refusal("no_models_dir", "the agent has no model folder")
    fleet.on(f"PUT /v1/nodes/{OTHER['id']}/models/loras/a%20b.safetensors", refused)
    fleet.on(f"GET /v1/nodes/{OTHER['id']}/models", refused)
    fleet.on(f"PUT {PATH}/loras/a%20b.safetensors", encoded(**transfer("waiting")))
    fleet.on(f"GET {PATH}", folder(transfer("completed")))

    for words in (["sync", "txt2img@3"], ["list"]):
        code, output = run(*words)
        assert code == 1
        assert "gpu2: the agent has no model folder" in output
        assert "gpu1" in output
        assert "a b.safetensors" in output
        assert "completed" in output
        assert "Left out: gpu2." in output


def test_files_for_which_there_is_no_room_yet_are_asked_for_again(fleet: Fleet) -> None:
    there = transfer("completed"), transfer("completed", "x/v.safetensors")
    full = refusal("transfers_full", "100 transfers are not over")
    fleet.on(f"PUT {PATH}/loras/a%20b.safetensors", encoded(**transfer("waiting")))
    fleet.on(f"PUT {PATH}/vae/x/v.safetensors", full, full, encoded(**there[1]))
    fleet.on(f"GET {PATH}", folder(transfer("waiting")), folder(there[0]))
    code, output = run("sync", "txt2img@3")

    assert code == 0, output
    assert "gpu1 vae/x/v.safetensors completed" in output
    fleet.on(f"PUT {PATH}/vae/x/v.safetensors", full)
    code, output = run("sync", "txt2img@3", "--no-wait")
    assert (code, "gpu1: 100 transfers are not over" in output) == (1, True)


def test_another_content_of_one_name_fails_this_file_alone(fleet: Fleet) -> None:
    refused = refusal("transfer_exists", "another content is being fetched")
    fleet.on(f"PUT {PATH}/loras/a%20b.safetensors", refused)
    fleet.on(f"PUT {PATH}/vae/x/v.safetensors", encoded(**transfer("waiting", "x/v.safetensors")))
    fleet.on(f"GET {PATH}", folder(transfer("fetching"), transfer("completed", "x/v.safetensors")))
    code, output = run("sync", "txt2img@3")

    assert code == 1
    assert "a b.safetensors failed: another content is being fetched" in output
    assert "gpu1 vae/x/v.safetensors completed" in output


@pytest.mark.parametrize("answer", [None, refusal("no_agent", "no agent has the node")])
def test_a_node_without_progress_is_left_after_a_while(fleet: Fleet, answer: Answer | None) -> None:
    declare(fleet, "txt2img", SOURCES[:1])
    fleet.on("GET /v1/nodes", encoded(items=[NODE, OTHER], next_cursor=None))
    other = f"/v1/nodes/{OTHER['id']}/models"
    for path, phase in ((PATH, "fetching"), (other, "completed")):
        fleet.on(f"PUT {path}/loras/a%20b.safetensors", encoded(**transfer(phase)))
    fleet.on(f"GET {PATH}", folder(transfer("fetching")), answer or folder(transfer("fetching")))
    fleet.on(f"GET {other}", folder(transfer("completed")))
    code, output = run("sync", "txt2img@3", "--patience", "0.05")

    assert code == 1
    assert f"gpu1: {'no agent has the node' if answer else 'makes no progress'}" in output
    assert "gpu2 loras/a b.safetensors completed" in output


def test_an_account_that_may_not_ask_is_told_once(fleet: Fleet) -> None:
    fleet.on("GET /v1/nodes", encoded(items=[NODE, OTHER], next_cursor=None))
    fleet.on(f"GET {PATH}", refusal("missing_permission", "you lack nodes:read", 403))
    code, output = run("list")

    assert (code, output.count("you lack nodes:read")) == (1, 1)


def test_folders_are_printed_for_programs(fleet: Fleet) -> None:
    fleet.on(f"GET {PATH}", folder(transfer("completed")))
    code, output = run("list", "--json")

    assert code == 0, output
    [row] = json.loads(output)
    assert (row["node_id"], row["transfers"][0]["phase"]) == (NODE["id"], "completed")


def test_sync_waits_for_an_agent_that_is_away_at_first(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "PATIENCE_SECONDS", 0.01)
    declare(fleet, "txt2img", SOURCES[:1])
    away = refusal("no_answer", "the agent does not answer", 503)
    fleet.on(f"PUT {PATH}/loras/a%20b.safetensors", away, away, encoded(**transfer("waiting")))
    fleet.on(f"GET {PATH}", folder(), folder(), folder(transfer("completed")))
    code, output = run("sync", "txt2img@3")
    assert code == 0, output

    fleet.on(f"PUT {PATH}/loras/a%20b.safetensors", away)
    code, output = run("sync", "txt2img@3", "--no-wait")
    assert (code, "gpu1: the agent does not answer" in output) == (1, True)
