"""The commands `nodes …` against a scripted fleet."""

import json
import re
from typing import Any

from contracts.scheduler.job_requests import ModelFile
from contracts.scheduler.node_requests import CapabilityNames, NodePage
from contracts.scheduler.nodes import Device, NodePhase, NodeView
from contracts.values import new_id

from .conftest import Done, Script, comfyfleet

NODE_ID = new_id()
NODE = f"/v1/nodes/{NODE_ID}"


def a_node(**fields: Any) -> NodeView:
    node = NodeView(
        id=NODE_ID,
        name="gpu-1",
        base_url="http://10.0.0.7:8188",
        phase=NodePhase.READY,
        engine_version="0.33.0",
        devices=[Device(name="L40S", vram_total_mb=46_080)],
        class_count=612,
        model_count=14,
        digest="d",
        labels={"rack": "7"},
    )
    return node.model_copy(update=fields)


def body(**fields: Any) -> bytes:
    return a_node(**fields).model_dump_json().encode()


def listed(*found: NodeView) -> bytes:
    return NodePage(items=list(found)).model_dump_json().encode()


def run(fleet: Script, *words: str) -> Done:
    return comfyfleet(fleet, "nodes", *words)


def sent(fleet: Script, line: str) -> list[dict[str, Any]]:
    return [json.loads(content) for asked, _, content in fleet.requests if asked == line]


def test_nodes_alone_lists_them_and_get_shows_one_by_its_name(fleet: Script) -> None:
    fleet.on("GET /v1/nodes", listed(a_node()))

    assert "gpu-1" in run(fleet).stdout
    fleet.on("GET /v1/nodes", listed(a_node(gpu_load=0.53)))
    assert "GPU 53%" in run(fleet).stdout
    shown = run(fleet, "get", "gpu-1").stdout
    for text in (str(NODE_ID), "ready", "comfyui 0.33.0, L40S (45.0 GiB), 612 classes", "rack=7"):
        assert text in shown
    assert json.loads(run(fleet, "list", "--json").stdout)[0]["id"] == str(NODE_ID)
    fleet.on("GET /v1/nodes", listed(a_node(machine="box-1")))
    assert re.search("machine +box-1", run(fleet, "get", "gpu-1").stdout)


def test_a_name_of_two_nodes_or_of_none_is_refused(fleet: Script) -> None:
    fleet.on("GET /v1/nodes", listed(a_node(), a_node(id=new_id())))

    assert "2 nodes are named 'gpu-1'" in run(fleet, "drain", "gpu-1").stderr
    assert "There is no node 'gpu-2'" in run(fleet, "drain", "gpu-2").stderr


def test_add_says_what_its_agent_finds(fleet: Script) -> None:
    nobody = "http://10.0.0.7:8188 refuses the connection: nobody listens there"
    joining = body(phase=NodePhase.JOINING, reason=nobody, digest=None)
    fleet.on("POST /v1/nodes", joining)
    fleet.on(f"GET {NODE}", joining, body())

    words = ("--label", "rack=7", "--header", "X-Key: a:b", "--max-queue", "3")
    done = run(fleet, "add", "http://10.0.0.7:8188", "--name", "gpu-1", *words)

    assert done.stdout.splitlines() == [
        f"added {NODE_ID} gpu-1",
        f"  joining: {nobody}",
        "ready: comfyui 0.33.0, L40S (45.0 GiB), 612 classes, 14 model files",
    ]
    assert sent(fleet, "POST /v1/nodes") == [
        {
            "base_url": "http://10.0.0.7:8188",
            "name": "gpu-1",
            "max_queue": 3,
            "labels": {"rack": "7"},
            "headers": {"X-Key": "a:b"},
        }
    ]
    assert all("Idempotency-Key" in asked[1] for asked in fleet.requests if "POST" in asked[0])


def test_add_fails_with_the_reason_if_the_server_does_not_work_in_time(fleet: Script) -> None:
    reason = "no agent of pool b has claimed it"
    joining = body(phase=NodePhase.JOINING, reason=reason)
    fleet.on("POST /v1/nodes", joining)
    fleet.on(f"GET {NODE}", joining)

    done = run(fleet, "add", "http://10.0.0.7:8188", "--pool", "b", "--wait", "0.01")

    assert (done.returncode, reason in done.stderr) == (1, True)
    assert "\n  → Start an agent with COMFYFLEET_POOL" in done.stderr
    assert "COMFYFLEET_POOL" in run(fleet, "get", str(NODE_ID)).stdout


def test_nodes_are_changed_disabled_drained_resumed_and_removed(fleet: Script) -> None:
    fleet.on(f"GET {NODE}", body())
    fleet.on(f"PATCH {NODE}", body(phase=NodePhase.DISABLED, reason="disabled"))
    fleet.on(f"POST {NODE}/drain", body(phase=NodePhase.DRAINING, reason="draining"))
    fleet.on(f"POST {NODE}/resume", body())
    fleet.on(f"DELETE {NODE}", b"")
    id_ = str(NODE_ID)

    assert run(fleet, "disable", id_).stdout == "gpu-1 disabled (disabled)\n"
    assert run(fleet, "enable", id_, id_).returncode == 0
    assert run(fleet, "set", id_, "--url", "http://b", "--priority", "3").returncode == 0
    assert run(fleet, "set", id_).returncode == 1
    assert run(fleet, "drain", id_).stdout == "gpu-1 draining (draining)\n"
    assert run(fleet, "resume", id_).stdout == "gpu-1 ready\n"
    assert run(fleet, "remove", id_).stdout == f"removed {id_} gpu-1\n"
    assert sent(fleet, f"PATCH {NODE}") == [
        {"is_enabled": False},
        *({"is_enabled": True}, {"is_enabled": True}),
        {"priority": 3, "base_url": "http://b"},
    ]


def test_drain_waits_for_the_last_job(fleet: Script) -> None:
    busy = {"phase": NodePhase.DRAINING, "reason": "draining: 1 job not finished yet"}
    fleet.on(f"POST {NODE}/drain", body(**busy))
    node, drained = body(), body(phase=NodePhase.DRAINING, reason="drained")
    fleet.on(f"GET {NODE}", node, body(**busy, running_job_ids=[new_id()]), drained)

    done = run(fleet, "drain", str(NODE_ID), "--wait", "60")

    assert done.stdout.splitlines() == [
        "  draining: draining: 1 job not finished yet",
        "gpu-1 draining (drained)",
    ]


def test_compare_lists_what_some_nodes_lack(fleet: Script) -> None:
    other_id = new_id()
    both = a_node(), a_node(id=other_id, name="gpu-2", digest="e", engine_version="0.34.0")
    fleet.on("GET /v1/nodes", listed(*both, a_node(name="gpu-3"), a_node(id=new_id(), digest=None)))
    film = [ModelFile(folder="loras", name="film.safetensors")]
    fleet.on(f"GET {NODE}/capabilities", can(classes=["A"], next_cursor="c"))
    fleet.on(f"GET {NODE}/capabilities?cursor=c", can(classes=["B"]))
    fleet.on(f"GET /v1/nodes/{other_id}/capabilities", can(classes=["A"], models=film))

    done = run(fleet, "compare")
    rows = [line.split() for line in done.stdout.splitlines()]

    assert done.returncode == 1
    assert ["class", "B", "gpu-1,", "gpu-3", "gpu-2"] in rows
    assert ["loras/film.safetensors", "gpu-2", "gpu-1,", "gpu-3"] in rows
    assert ["comfyui", "0.34.0", "gpu-2", "gpu-1,", "gpu-3"] in rows
    assert "gpu-1 is left out: it is not described yet" in done.stdout
    assert not any("A" in row for row in rows)
    asked = json.loads(run(fleet, "compare", "--json").stdout)
    assert asked["loras/film.safetensors"] == [str(NODE_ID)] * 2


def test_compare_tells_apart_nodes_whose_equal_names_mean_other_things(fleet: Script) -> None:
    other_id = new_id()
    fleet.on("GET /v1/nodes", listed(a_node(), a_node(id=other_id, name="gpu-2", digest="e")))
    fleet.on(f"GET {NODE}/capabilities", can(classes=["A"]))
    fleet.on(f"GET /v1/nodes/{other_id}/capabilities", can(classes=["A"], digest="e"))

    done = run(fleet, "compare")
    rows = [line.split() for line in done.stdout.splitlines()]

    assert done.returncode == 1
    assert ["description", "d", "gpu-1", "gpu-2"] in rows
    assert ["description", "e", "gpu-2", "gpu-1"] in rows


def can(**fields: Any) -> bytes:
    known: dict[str, Any] = {
        "digest": "d",
        "engine_version": "1",
        "devices": [],
        "classes": [],
        "models": [],
    }
    return CapabilityNames.model_validate(known | fields).model_dump_json().encode()
