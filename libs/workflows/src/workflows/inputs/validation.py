"""Completes and checks the inputs of a caller: defaults, drawn seeds, and every problem listed.

Null means absent.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from workflows.problems import Problems
from workflows.spec.checks import DRAWN_SEED_MAXIMUM, seed_range
from workflows.spec.parameter import InputSpec
from workflows.spec.spec import Spec

Inputs: TypeAlias = dict[str, Any]
"""Every declared input with its value or None, as plain JSON that is sent and stored as it is."""
SeedRange: TypeAlias = tuple[int, int]
"""(smallest seed, largest seed)"""
SeedRanges: TypeAlias = Mapping[str, SeedRange]
"""By input: the seeds that the fleet's graph nodes take, if they take fewer than the spec."""


def validate_inputs(
    spec: Spec,
    inputs: Mapping[str, Any],
    draw_seed: Callable[[], int],
    ranges: SeedRanges | None = None,
) -> Inputs:
    """Return the complete inputs of a job, or raise Invalid with every problem.

    Seeds are drawn within `ranges`, else within the limits of the spec.
    """
    problems = Problems()

    def draw(name: str, item: InputSpec) -> int:
        return drawn(item, draw_seed, (ranges or {}).get(name) or seed_range(item))

    def complete_one(name: str, item: InputSpec) -> Any:
        path, value = f"inputs.{name}", inputs.get(name, item.default)
        if item.is_absent(value):
            if item.required:
                return problems.add(path, "missing", "this input is required")
            return draw(name, item) if item.type == "seed" else None
        if item.type == "seed" and value == "random":
            return draw(name, item)
        return spec.checks[name](value, path, problems)

    complete = {name: complete_one(name, item) for name, item in spec.inputs.items()}
    for name in inputs.keys() - spec.inputs.keys():
        known = ", ".join(sorted(spec.inputs)) or "none"
        problems.add(f"inputs.{name[:100]}", "unknown", f"unknown input; expected one of {known}")
    problems.raise_if_any("The inputs do not fit the workflow", code="invalid_inputs")
    return complete


def drawn(item: InputSpec, draw_seed: Callable[[], int], limits: tuple[float, float]) -> int:
    """Bring a drawn seed within the limits, and away from values that mean absent.

    Otherwise the recorded seed, sent again, would not reproduce the job.
    """
    low, most = map(int, limits)
    high = min(most, DRAWN_SEED_MAXIMUM) if item.maximum is None else most
    span = max(high, low) - low + 1
    first = draw_seed()
    tries = (low + (first + step) % span for step in range(len(item.absent_values) + 1))
    return next((seed for seed in tries if not item.is_absent(seed)), low)


@dataclass(frozen=True, slots=True)
class MediaUse:
    """One uploaded file that a job's inputs name."""

    path: str
    media_id: str
    input: InputSpec
    of_media_id: str | None
    """For a mask: the image that it belongs to."""


def media_uses(spec: Spec, inputs: Mapping[str, Any]) -> Iterator[MediaUse]:
    """Yield the files that validated inputs name, so that their owner and kind can be checked."""
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
    """Return the seed that a job shows: the value of the first seed input."""
    seeds = (inputs.get(name) for name, item in spec.in_order if item.type == "seed")
    return next(seeds, None)
