"""Generates inputs that try every optional part of a workflow, present and absent, for tests."""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from workflows.compatibility.switch_cases import MEDIA, present
from workflows.inputs.validation import Inputs, validate_inputs
from workflows.spec.parameter import InputSpec
from workflows.spec.spec import Spec
from workflows.versions.version import WorkflowVersion

SEED = 7


def variants(version: WorkflowVersion) -> Iterator[tuple[str, Inputs]]:
    """Yield labeled inputs for every combination of the optional parts."""
    switches = {
        name: list(values_of(item)) for name, item in version.spec.inputs.items() if is_switch(item)
    }
    for values in product(*switches.values()):
        chosen = dict(zip(switches, values, strict=True))
        yield label(version.spec, chosen), inputs_with(version, **chosen)


def is_switch(item: InputSpec) -> bool:
    """Tell whether values of this input change the graph's structure."""
    return item.is_spread or bool(list(item.actions("")) and not item.required)


def inputs_with(version: WorkflowVersion, **chosen: Any) -> Inputs:
    """Return complete inputs: `chosen`, the spec's example, and a value for each required input."""
    items = version.spec.inputs.items()
    required = {name: present(item) for name, item in items if item.required}
    return validate_inputs(version.spec, required | version.spec.example | chosen, lambda: SEED)


def values_of(item: InputSpec) -> Iterator[Any]:
    """Yield values of a switch that make different graphs."""
    if item.is_spread:
        counts = range(max(1, item.min_items or 1), (item.max_items or 1) + 1)
        yield from ([MEDIA] * count for count in counts)
    elif item.type == "boolean":
        yield from (True, False)
    elif item.choices:
        yield from (choice.value for choice in item.choices)
    else:
        yield present(item)
    if not item.required and (item.when_absent or any(bind.when_absent for bind in item.bind)):
        yield None


def label(spec: Spec, chosen: Mapping[str, Any]) -> str:
    """Return the present parts, such as `lora, FBC_optimize=False`."""
    present = ((name, value) for name, value in chosen.items() if value is not None)
    return ", ".join(part(spec.inputs[name], name, value) for name, value in present) or "bare"


def part(item: InputSpec, name: str, value: Any) -> str:
    if item.is_spread:
        return f"{name}={len(value)}"
    return name if item.is_media or item.item_type == "model" else f"{name}={value}"
