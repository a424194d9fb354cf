"""Options of the jobs that `run` submits, and repeats under a key, against a scripted fleet."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from comfyfleet import CommandError
from comfyfleet.client.api import FleetClient
from comfyfleet.client.errors import UnreachableError
from comfyfleet.client.jobs import submit
from comfyfleet.client.submission import JobOptions
from comfyfleet.commands.job_options import time_of
from contracts.content_types import OCTETS
from contracts.values import new_id

from .conftest import BROKEN, Answer, Script, comfyfleet
from .jobs import JOB_ID, a_job

SCHEMA = {
    "properties": {
        "image": {"x-comfyfleet-type": "image"},
        "mask": {"x-comfyfleet-type": "mask", "x-comfyfleet-of": "image"},
    }
}
MEDIA = {
    "id": str(new_id()),
    "owner_id": str(new_id()),
    "kind": "image",
    "content_type": OCTETS,
    "blake3": "",
    "size_bytes": 1,
    "created_at": "2026-01-01T00:00:00Z",
}


def scripted(fleet: Script) -> None:
    fleet.on("GET /v1/workflows/resize/schema", json.dumps(SCHEMA).encode())
    fleet.on("POST /v1/media", Answer(json.dumps(MEDIA).encode(), 201))
    fleet.on("POST /v1/jobs", Answer(a_job().model_dump_json().encode(), 201))


def keys_sent(fleet: Script) -> list[str]:
    return [headers["Idempotency-Key"] for line, headers, _ in fleet.requests if "POST" in line]


def test_a_detached_job_is_submitted_with_its_options_and_its_id_is_printed(fleet: Script) -> None:
    scripted(fleet)
    options = ("--priority", "batch", "--label", "a=b", "--label", "c=d", "--refuse")
    done = comfyfleet(
        fleet, "run", "resize", "--detach", *options, "--deadline", "2026-12-01T18:00Z"
    )

    assert (done.returncode, done.stdout) == (0, f"{JOB_ID}\n")
    assert json.loads(fleet.requests[-1][2]) == {
        "workflow": "resize",
        "inputs": {},
        "priority": "batch",
        "deadline": "2026-12-01T18:00:00+00:00",
        "labels": {"a": "b", "c": "d"},
        "if_unrunnable": "refuse",
    }


def test_a_repeat_under_a_key_sends_the_same_request_and_uploads_nothing_new(
    fleet: Script, tmp_path: Path
) -> None:
    scripted(fleet)
    file, graph = tmp_path / "x.png", tmp_path / "graph.json"
    file.write_bytes(b"png")
    graph.write_text('{"1": {"class_type": "LoadImage", "inputs": {"image": "x"}}}')
    named = ["run", "resize", f"image=@{file}", f"mask=@{file}", "--key", "k", "--detach"]
    raw = ["run", "--graph", str(graph), f"1.image=@{file}", "--key", "l", "--detach"]
    for words, count in ((named, 3), (raw, 2)):
        for _ in range(2):
            done = comfyfleet(fleet, *words)
            assert done.returncode == 0, done.stderr
        keys = keys_sent(fleet)[-2 * count :]
        assert keys[:count] == keys[count:]
        assert len(set(keys)) == count
        assert keys[-1] == words[words.index("--key") + 1]


def test_a_repeat_that_is_to_be_rejected_is_not_repeated_by_the_command_itself(
    fleet: Script, client: FleetClient
) -> None:
    scripted(fleet)
    submit(client, {}, JobOptions(key="k"))
    fleet.on("POST /v1/jobs", Answer(b"{}", BROKEN))
    with pytest.raises(UnreachableError):
        submit(client, {}, JobOptions(key="k", rejects_repeats=True))

    asked = [headers for line, headers, _ in fleet.requests if line == "POST /v1/jobs"]
    assert [headers.get("Idempotency-Repeat") for headers in asked] == [None, "reject"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--reject"], "give --key too"),
        (["--key", "k", "--deadline", "2h"], "with --key, give a time"),
        (["--key", "Schlüssel"], "letters, digits and signs of ASCII"),
        (["--key", ""], "letters, digits and signs of ASCII"),
        (["--deadline", "soon"], "“soon” is no time"),
        (["--label", "a"], "a is not key=value"),
    ],
)
def test_options_that_say_nothing_clear_are_one_sentence(
    fleet: Script, words: list[str], sentence: str
) -> None:
    done = comfyfleet(fleet, "run", "resize", *words)

    assert (done.returncode, sentence in done.stderr) == (1, True)
    assert fleet.requests == []


def test_a_span_counts_from_now() -> None:
    ahead = time_of("90min") - datetime.now(UTC)

    assert timedelta(minutes=89) < ahead <= timedelta(minutes=90)
    with pytest.raises(CommandError):
        time_of("90")
