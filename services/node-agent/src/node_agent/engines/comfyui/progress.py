"""Computes how far a run is, as a fold over ComfyUI's events.

A graph node counts by the time that its class takes on the server, and before that is known by a
guess: samplers take most of a run. A running one counts by its steps; one whose result ComfyUI
kept does not count. What was shown never goes back.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from contracts.scheduler.jobs import Progress
from node_agent.engines.comfyui.events import GraphNodeProgress, PromptEvent

SAMPLER_SECONDS, OTHER_SECONDS = 20.0, 0.3
"""Guesses for classes that have not run: 20 steps of SDXL on a GPU of 2022, and any other."""
LEAST_SECONDS = 0.01
NEWEST_WEIGHT = 0.3


@dataclass(frozen=True, slots=True)
class PromptRun:
    """One prompt inside ComfyUI, as far as its events tell."""

    classes: Mapping[str, str] = field(default_factory=dict[str, str])
    """Class of each graph node of the posted graph."""
    seconds: Mapping[str, float] = field(default_factory=dict[str, float])
    """Expected time of each graph node that has to run."""
    done: frozenset[str] = frozenset()
    current: str | None = None
    step: float = 0.0
    steps: float = 0.0
    shown: float = 0.0


def run_of(graph: Mapping[str, Any], known: Mapping[str, float] | None = None) -> PromptRun:
    """Return the run before its first event; `known`: mean seconds of classes on the server."""
    classes = {id_: str(node.get("class_type", "")) for id_, node in graph.items()}
    means = known or {}
    seconds = {
        id_: max(means.get(classes[id_], guess(node)), LEAST_SECONDS) for id_, node in graph.items()
    }
    return PromptRun(classes, seconds)


def guess(node: Mapping[str, Any]) -> float:
    """Return the seconds of a graph node whose class has not run: samplers take a latent."""
    inputs = node.get("inputs", {})
    is_sampler = "latent_image" in inputs or ("steps" in inputs and "cfg" in inputs)
    return SAMPLER_SECONDS if is_sampler else OTHER_SECONDS


def mean_with(mean: float | None, seconds: float) -> float:
    """Return the mean time of a class after one more run."""
    return seconds if mean is None else mean + NEWEST_WEIGHT * (seconds - mean)


def advanced(run: PromptRun, event: PromptEvent) -> PromptRun:
    if event.cached:
        left = {id_: s for id_, s in run.seconds.items() if id_ not in event.cached}
        run = replace(with_done(run, event.cached), seconds=left)
    if event.started not in (None, run.current):
        run = replace(run, current=event.started, step=0.0, steps=0.0)
    for step in event.steps:
        run = with_step(run, step)
    if event.is_over:
        run = replace(run, step=0.0, steps=0.0)
    return replace(run, shown=max(run.shown, fraction(run)))


def with_done(run: PromptRun, nodes: frozenset[str]) -> PromptRun:
    return replace(run, done=run.done | (nodes & run.classes.keys()))


def with_step(run: PromptRun, step: GraphNodeProgress) -> PromptRun:
    if step.is_finished:
        return with_done(run, frozenset({step.graph_node}))
    is_counted = math.isfinite(step.value) and math.isfinite(step.maximum) and step.maximum > 1
    if not is_counted:
        return run
    return replace(run, current=step.display, step=step.value, steps=step.maximum)


def fraction(run: PromptRun) -> float:
    total = sum(run.seconds.values())
    if not total:
        return 1.0 if run.done else 0.0
    done = sum(seconds for id_, seconds in run.seconds.items() if id_ in run.done)
    is_running = run.steps > 0 and run.current not in run.done
    running = min(max(run.step / run.steps, 0.0), 1.0) if is_running else 0.0
    return min((done + running * run.seconds.get(run.current or "", 0.0)) / total, 1.0)


def progress_of(run: PromptRun) -> Progress:
    has_steps = run.steps > 0
    return Progress(
        fraction=round(run.shown, 4),
        step=int(run.step) if has_steps else None,
        steps=int(run.steps) if has_steps else None,
        graph_node=run.current,
        graph_node_class=run.classes.get(run.current or ""),
        graph_nodes_done=len(run.done),
        graph_nodes_total=len(run.classes),
    )
