import json
from typing import Any

from workflow_registry.domain.descriptions import Description, read_classes
from workflow_registry.domain.server_classes import MAX_BYTES, server_classes


def taken(classes: dict[str, Any], *used: str) -> dict[str, Any]:
    description = Description(read_classes(classes), frozenset())
    return server_classes("d", description, used or list(classes)).classes


def a_class(**inputs: list[Any]) -> dict[str, Any]:
    return {"input": {"required": inputs}, "output": ["IMAGE"], "description": "for people"}


def test_only_what_is_checked_of_the_used_classes_is_left() -> None:
    steps = ["INT", {"default": 20, "min": 1, "max": 100, "tooltip": "for people"}]

    found = taken({"Sampler": a_class(steps=steps), "Other": a_class()}, "Sampler", "Unheard")

    assert found == {
        "Sampler": {
            "input": {
                "required": {"steps": ["INT", {"min": 1, "max": 100, "default": None}]},
                "optional": {},
            },
            "output": ["IMAGE"],
            "output_node": False,
        }
    }


def test_the_classes_of_custom_nodes_are_marked() -> None:
    mine = {**a_class(), "python_module": "custom_nodes.mine"}
    own = {**a_class(), "python_module": "comfy_extras.nodes_mask"}

    found = taken({"Mine": mine, "Own": own})

    assert [name for name, info in found.items() if info.get("is_custom")] == ["Mine"]


def test_names_of_files_are_left_to_the_folders() -> None:
    choices: list[Any] = [["film.safetensors"], {}]

    found = taken({"LoraLoader": a_class(lora_name=choices), "Mine": a_class(lora_name=choices)})

    assert found["LoraLoader"]["input"]["required"]["lora_name"] == [[]]
    assert found["Mine"]["input"]["required"]["lora_name"] == [["film.safetensors"]]


def test_of_too_much_the_small_classes_are_told() -> None:
    long = [[f"{number:0100}" for number in range(5_000)]]

    found = taken({"Long": a_class(name=long), "Short": a_class(name=[["a"]])})

    assert found.keys() == {"Short"}
    assert len(json.dumps(found)) < MAX_BYTES


def test_it_is_as_the_bucket_gives_it_back() -> None:
    found = taken({"Sampler": a_class(cfg=["FLOAT", {"max": float("inf")}])})

    assert found == json.loads(json.dumps(found, allow_nan=False))
