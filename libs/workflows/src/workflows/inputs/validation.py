"""Inputs as a caller sent them become inputs that a graph can take.

Missing ones get their default, seeds are drawn, every problem is listed. Null means absent.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from workflows.spec.checks import DRAWN_SEED_MAXIMUM, seed_range
from workflows.spec.parameter import InputSpec
from workflows.spec.problems import Problems
from workflows.spec.spec import Spec
from workflows.spec.text import is_same

Inputs: TypeAlias = dict[str, Any]
"""Every declared input with its value or None; JSON, so it travels and is recorded as it is."""


def validate_inputs(spec: Spec, inputs: Mapping[str, Any], draw_seed: Callable[[], int]) -> Inputs:
    """The complete inputs of a job; Invalid lists every problem as `inputs.<name>`."""
    problems = Problems()
    complete = {name: complete_one(spec, name, inputs, draw_seed, problems) for name in spec.inputs}
    for name in inputs.keys() - spec.inputs.keys():
        known = ", ".join(sorted(spec.inputs)) or "none"
        problems.add(f"inputs.{name[:100]}", "unknown", f"unknown input; expected one of {known}")
    problems.raise_if_any("The inputs do not fit the workflow", code="invalid_inputs")
    return complete


def complete_one(
    spec: Spec,
    name: str,
    inputs: Mapping[str, Any],
    draw_seed: Callable[[], int],
    problems: Problems,
) -> Any:
    item, path = spec.inputs[name], f"inputs.{name}"
    value = inputs.get(name, item.default)
    if is_absent(item, value):
        if item.required:
            return problems.add(path, "missing", "this input is needed")
        return drawn(item, draw_seed) if item.type == "seed" else None
    if item.type == "seed" and value == "random":
        return drawn(item, draw_seed)
    return spec.checks[name](value, path, problems)


def is_absent(item: InputSpec, value: Any) -> bool:
    return value is None or any(is_same(value, absent) for absent in item.absent_values)


def drawn(item: InputSpec, draw_seed: Callable[[], int]) -> int:
    """A seed within the input's limits, whatever was drawn; none that means absent.

    Else the recorded seed, sent again, would not be the seed of the job.
    """
    low = int(seed_range(item)[0])
    high = DRAWN_SEED_MAXIMUM if item.maximum is None else int(item.maximum)
    span = max(high, low) - low + 1
    first = draw_seed()
    tries = (low + (first + step) % span for step in range(len(item.absent_values) + 1))
    return next((seed for seed in tries if not is_absent(item, seed)), low)


@dataclass(frozen=True, slots=True)
class MediaUse:
    """One uploaded file that a job's inputs name."""

    path: str
    media_id: str
    input: InputSpec
    of_media_id: str | None
    """For a mask: the image that it belongs to."""


def media_uses(spec: Spec, inputs: Mapping[str, Any]) -> Iterator[MediaUse]:
    """The files named by validated inputs, for the checks of ownership and kind."""
    for name, item in spec.in_order:
        value = inputs.get(name)
        if not item.is_media or value is None:
            continue
        image = inputs.get(item.of) if item.of else None
        of_media_id = image["media"] if image else None
        if item.is_list:
            for index, entry in enumerate(value):
                yield MediaUse(f"inputs.{name}.{index}", entry["media"], item, None)
        else:
            yield MediaUse(f"inputs.{name}", value["media"], item, of_media_id)


def recorded_seed(spec: Spec, inputs: Mapping[str, Any]) -> int | None:
    """The seed to show on the job: that of the first seed input."""
    seeds = (inputs.get(name) for name, item in spec.in_order if item.type == "seed")
    return next(seeds, None)
