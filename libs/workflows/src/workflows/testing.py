"""Inputs that try every optional part of a workflow, present and absent: for tests of workflows."""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from workflows.load import WorkflowVersion
from workflows.parameter import InputSpec
from workflows.spec import Spec
from workflows.validate import Inputs, is_absent, validate_inputs

MEDIA = {"media": "0192f0c0-0000-7000-8000-00000000000a"}
SOME_MODEL = "some.safetensors"
SEED = 7


def variants(version: WorkflowVersion) -> Iterator[tuple[str, Inputs]]:
    """Named inputs for every combination of the optional parts."""
    switches = {
        name: list(values_of(item))
        for name, item in version.spec.inputs.items()
        if (item.when or item.when_absent) and not item.required
    }
    for values in product(*switches.values()):
        chosen = dict(zip(switches, values, strict=True))
        yield label(version.spec, chosen), inputs_with(version, **chosen)


def inputs_with(version: WorkflowVersion, **chosen: Any) -> Inputs:
    """Complete inputs: `chosen`, the spec's example, and something for all that is required."""
    items = version.spec.inputs.items()
    required = {name: some_value(item) for name, item in items if item.required}
    return validate_inputs(version.spec, required | version.spec.example | chosen, lambda: SEED)


def values_of(item: InputSpec) -> Iterator[Any]:
    """What an input that switches something can be, as far as the graph can tell."""
    if item.type == "boolean":
        yield from (True, False)
    elif item.choices:
        yield from (choice.value for choice in item.choices)
    else:
        yield some_value(item)
    if item.when_absent:
        yield None


def some_value(item: InputSpec) -> Any:
    if item.is_media:
        return MEDIA
    if not is_absent(item, item.default):
        return item.default
    return SOME_MODEL if item.item_type == "model" else "a red door"


def label(spec: Spec, chosen: Mapping[str, Any]) -> str:
    """The parts that are there, as `lora, FBC_optimize=False`."""
    parts = [
        name if is_part(spec.inputs[name]) else f"{name}={value}"
        for name, value in chosen.items()
        if value is not None
    ]
    return ", ".join(parts) or "bare"


def is_part(item: InputSpec) -> bool:
    return item.is_media or item.item_type == "model"
