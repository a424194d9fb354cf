"""Settings of nodes, and what is on a node, by the commands `nodes …` against a scripted fleet."""

import json
from pathlib import Path
from typing import Any

from contracts.node_queue import NodeQueue, QueuedPrompt
from contracts.scheduler.job_requests import ModelFile
from contracts.values import new_id

from .conftest import Script
from .test_nodes import NODE, a_node, body, can, listed, run, sent


def test_certificates_to_trust_are_sent_beside_the_other_settings(
    fleet: Script, tmp_path: Path
) -> None:
    known = a_node(engine_settings={"keep_outputs": True})
    fleet.on("GET /v1/nodes", listed(known))
    fleet.on(f"PATCH {NODE}", body())
    file = tmp_path / "ca.pem"
    file.write_text("-----BEGIN CERTIFICATE-----")

    assert run(fleet, "set", "gpu-1", "--ca-file", str(file)).returncode == 0
    settings = {"keep_outputs": True, "ca_certificates": "-----BEGIN CERTIFICATE-----"}
    assert sent(fleet, f"PATCH {NODE}") == [{"engine_settings": settings}]
    file.write_bytes(b"\x30\x82\xff\xfe")  # the binary form, DER
    refused = run(fleet, "set", "gpu-1", "--ca-file", str(file))
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert "holds no PEM certificate" in refused.stderr


def test_engine_settings_are_added_to_those_that_the_node_has_and_taken_away(fleet: Script) -> None:
    known: dict[str, Any] = {"keep_outputs": True, "ca_certificates": "c"}
    fleet.on("GET /v1/nodes", listed(a_node(engine_settings=known)))
    fleet.on(f"PATCH {NODE}", body())

    run(fleet, "set", "gpu-1", "--engine-setting", "keep_outputs=false", "--engine-setting", "a=b")
    run(fleet, "set", "gpu-1", "--no-ca", "--no-labels", "--no-headers")
    run(fleet, "set", "gpu-1", "--no-labels", "--label", "rack=8")

    assert sent(fleet, f"PATCH {NODE}") == [
        {"engine_settings": {**known, "keep_outputs": False, "a": "b"}},
        {"labels": {}, "headers": {}, "engine_settings": {"keep_outputs": True}},
        {"labels": {"rack": "8"}},
    ]
    assert "Expected --engine-setting name=value" in (
        run(fleet, "set", "gpu-1", "--engine-setting", "a").stderr
    )


def test_a_node_is_added_disabled_for_a_machine_with_settings_of_its_engine(fleet: Script) -> None:
    fleet.on("POST /v1/nodes", body())
    words = ("--machine", "box-1", "--disabled", "--engine-setting", "keep_outputs=true")
    done = run(fleet, "add", "http://127.0.0.1:8188", *words)

    assert done.returncode == 0, done.stderr
    assert sent(fleet, "POST /v1/nodes") == [
        {
            "base_url": "http://127.0.0.1:8188",
            "name": "127.0.0.1:8188",
            "machine": "box-1",
            "engine_settings": {"keep_outputs": True},
            "is_enabled": False,
        }
    ]


def test_the_capabilities_of_a_node_are_one_a_line(fleet: Script) -> None:
    film = [ModelFile(folder="loras", name="film.safetensors")]
    fleet.on("GET /v1/nodes", listed(a_node()))
    fleet.on(f"GET {NODE}/capabilities", can(classes=["B", "A"], next_cursor="c"))
    fleet.on(f"GET {NODE}/capabilities?cursor=c", can(models=film))
    names = ["class A", "class B", "loras/film.safetensors"]

    assert run(fleet, "capabilities", "gpu-1").stdout.splitlines() == names
    assert json.loads(run(fleet, "capabilities", "gpu-1", "--json").stdout) == names


def test_the_queue_of_a_node_tells_jobs_from_foreign_prompts(fleet: Script) -> None:
    job_id = new_id()
    prompts = [
        QueuedPrompt(prompt_id="p1", state="running", job_id=job_id, owner_id=new_id()),
        QueuedPrompt(prompt_id="p2", state="pending"),
    ]
    queue = NodeQueue(prompts=prompts, prompt_count=7)
    fleet.on("GET /v1/nodes", listed(a_node()))
    fleet.on(f"GET {NODE}/queue", queue.model_dump_json().encode())

    shown = run(fleet, "queue", "gpu-1").stdout

    rows = [line.split() for line in shown.splitlines()]
    assert rows[1][:3] == ["p1", "running", str(job_id)]
    assert rows[2] == ["p2", "pending", "foreign"]
    assert rows[3] == ["and", "5", "more"]
    assert json.loads(run(fleet, "queue", "gpu-1", "--json").stdout)["prompt_count"] == 7
