"""A drawn seed runs on the graph nodes that get it: many take less than 64 bits."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from workflows import Spec, validate_inputs
from workflows.authoring.proposal import propose
from workflows.compatibility.seeds import seed_ranges

GRAPH: dict[str, Any] = {
    "1": {"class_type": "EmptyImage", "inputs": {"color": 0}},
    "2": {"class_type": "Sampler", "inputs": {"seed": 0}},
    "3": {"class_type": "Paid", "inputs": {"seed": 0}},
    "9": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}},
}


def takes(name: str, low: int, high: int) -> dict[str, Any]:
    return {"input": {"required": {name: ["INT", {"min": low, "max": high}]}}, "output": []}


INFO: dict[str, Any] = {
    "EmptyImage": takes("color", 0, 0xFFFFFF),
    "Sampler": takes("seed", 0, 2**64 - 1),
    "Paid": takes("seed", 1, 2**32 - 1),
    "SaveImage": {"input": {}, "output": [], "output_node": True},
}


def a_spec(*places: tuple[str, str], **limits: int) -> Spec:
    binds = [{"node": node, "input": name} for node, name in places]
    seed = {"type": "seed", "default": "random", "bind": binds, **limits}
    return Spec.model_validate({"spec": "comfyfleet/v1", "name": "x", "inputs": {"seed": seed}})


@given(st.integers(0, 2**53 - 1))
def test_a_seed_is_drawn_within_the_narrowest_class(draw: int) -> None:
    spec = a_spec(("1", "color"), ("2", "seed"), ("3", "seed"))

    ranges = seed_ranges(GRAPH, spec, [INFO])

    assert 1 <= validate_inputs(spec, {}, lambda: draw, ranges)["seed"] <= 0xFFFFFF


def test_servers_that_differ_are_all_respected() -> None:
    other = {**INFO, "Paid": takes("seed", 0, 2**31 - 1)}
    spec = a_spec(("3", "seed"))

    assert seed_ranges(GRAPH, spec, [INFO, other, {}]) == {"seed": (1, 2**31 - 1)}


def test_a_seed_that_suits_no_class_is_drawn_within_the_spec() -> None:
    spec = a_spec(("3", "seed"), minimum=2**40)

    assert seed_ranges(GRAPH, spec, [INFO]) == {}
    assert validate_inputs(spec, {}, lambda: 0, {})["seed"] == 2**40


def test_a_drawn_seed_stays_exact_in_javascript() -> None:
    spec = a_spec(("2", "seed"))
    ranges = seed_ranges(GRAPH, spec, [INFO])

    assert validate_inputs(spec, {}, lambda: 2**53 - 1, ranges)["seed"] == 2**53 - 1
    assert validate_inputs(spec, {}, lambda: 2**53, ranges)["seed"] == 0


def test_a_draft_states_the_range_of_its_seed() -> None:
    seed = propose(GRAPH, "mine", INFO)["inputs"]["seed"]

    assert (seed["minimum"], seed["maximum"]) == (1, 2**32 - 1)
    wide = propose({id_: GRAPH[id_] for id_ in "129"}, "mine", INFO)["inputs"]["seed"]
    assert not {"minimum", "maximum"} & wide.keys()
