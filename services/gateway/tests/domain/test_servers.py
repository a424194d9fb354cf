import json
from collections.abc import Sequence
from typing import Any

from contracts.registry.workflows import ServerClasses
from contracts.scheduler.job_requests import Incompatible
from gateway.workflows.servers import MAX_KINDS, Servers
from workflows import load_version, render, requirements

SPEC = """
spec: comfyfleet/v1
name: mine
inputs: {sampler: {type: string, default: euler, bind: [{node: "1", input: sampler_name}]}}
outputs: {images: {node: "2", kind: image}}
"""
GRAPH = {
    "1": {"class_type": "Sampler", "inputs": {"sampler_name": "euler"}},
    "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0]}},
}
VERSION = load_version(SPEC, json.dumps(GRAPH))
SAVE: dict[str, Any] = {"input": {"required": {"images": ["IMAGE"]}}, "output_node": True}


def a_server(digest: str, *samplers: str, **classes: Any) -> ServerClasses:
    required = {"sampler_name": [list(samplers)]}
    sampler = {"input": {"required": required}, "output": ["IMAGE"]}
    return ServerClasses(digest=digest, classes={"Sampler": sampler, "SaveImage": SAVE, **classes})


def unmet_by_digest(servers: Servers, sampler: str) -> dict[str, list[str]]:
    """Return the unmet requirements of a job with this sampler, by digest."""
    graph = render(VERSION.graph, VERSION.spec, {"sampler": sampler})
    found, _ = servers.incompatible(graph, VERSION.spec, requirements(graph).classes)
    return by_digest(found)


def doubts_by_digest(servers: Servers, sampler: str) -> dict[str, list[str]]:
    graph = render(VERSION.graph, VERSION.spec, {"sampler": sampler})
    _, doubtful = servers.incompatible(graph, VERSION.spec, requirements(graph).classes)
    return by_digest(doubtful)


def by_digest(found: Sequence[Incompatible]) -> dict[str, list[str]]:
    return {
        digest: [entry.name for entry in group.unmet] for group in found for digest in group.digests
    }


def test_a_server_that_does_not_offer_what_was_chosen_is_named() -> None:
    servers = Servers([a_server("old", "euler"), a_server("new", "euler", "res")])

    assert unmet_by_digest(servers, "euler") == {}
    assert unmet_by_digest(servers, "res") == {"old": ["sampler_name: res"]}
    assert unmet_by_digest(servers, "odd") == {
        "old": ["sampler_name: odd"],
        "new": ["sampler_name: odd"],
    }


def test_servers_that_are_alike_in_what_the_graph_uses_are_judged_together() -> None:
    many = [a_server(f"{n}", "euler", Other={"input": {}, "output": [f"{n}"]}) for n in range(100)]
    servers = Servers(many)

    [(digests, _)] = servers.kinds(frozenset({"Sampler", "SaveImage"}))

    assert len(digests) == 100
    assert len(servers.kinds(frozenset({"Other"}))) == MAX_KINDS


def test_a_server_that_may_refuse_is_tried_where_no_other_is_sure() -> None:
    def custom(digest: str, *samplers: str) -> ServerClasses:
        server = a_server(digest, *samplers)
        classes = {**server.classes, "Sampler": server.classes["Sampler"] | {"is_custom": True}}
        return server.model_copy(update={"classes": classes})

    bare = ServerClasses(digest="bare", classes={"SaveImage": SAVE})
    doubtful = custom("doubtful", "euler")

    assert unmet_by_digest(Servers([doubtful, bare]), "res") == {}
    assert doubts_by_digest(Servers([doubtful, bare]), "res") == {"doubtful": ["sampler_name: res"]}
    both = Servers([doubtful, custom("sure", "euler", "res")])
    assert unmet_by_digest(both, "res") == {"doubtful": ["sampler_name: res"]}
    assert doubts_by_digest(both, "res") == {}
    assert unmet_by_digest(both, "odd") == {}
    assert doubts_by_digest(both, "odd").keys() == {"doubtful", "sure"}


def test_seeds_are_drawn_within_the_range_of_every_server() -> None:
    spec = SPEC.replace("type: string, default: euler", "type: seed")
    version = load_version(spec, json.dumps(GRAPH))

    def server(digest: str, most: int) -> ServerClasses:
        declared = {"required": {"sampler_name": ["INT", {"max": most}]}}
        sampler = {"input": declared, "output": ["IMAGE"]}
        return ServerClasses(digest=digest, classes={"Sampler": sampler})

    servers = Servers([server("old", 2**31), server("new", 2**64)])

    assert servers.seed_ranges(version.graph, version.spec) == {"sampler": (0, 2**31)}


def test_a_class_that_is_not_told_of_is_no_reason() -> None:
    bare = ServerClasses(digest="bare", classes={"SaveImage": SAVE})

    assert unmet_by_digest(Servers([bare]), "odd") == {}
    assert unmet_by_digest(Servers(), "odd") == {}


def test_classes_of_an_unknown_engine_are_not_judged() -> None:
    other = a_server("other", "euler").model_copy(update={"engine": "other"})

    assert unmet_by_digest(Servers([other]), "odd") == {}
