"""Computes how far a run is, as a fold over ComfyUI's events.

Graph nodes count alike; a running one counts by its steps. What was shown never goes back.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from contracts.scheduler.jobs import Progress
from node_agent.engines.comfyui.events import GraphNodeProgress, PromptEvent


@dataclass(frozen=True, slots=True)
class PromptRun:
    """One prompt inside ComfyUI, as far as its events tell."""

    classes: Mapping[str, str] = field(default_factory=dict[str, str])
    """Class of each graph node of the posted graph."""
    done: frozenset[str] = frozenset()
    current: str | None = None
    step: float = 0.0
    steps: float = 0.0
    shown: float = 0.0


def run_of(graph: Mapping[str, Any]) -> PromptRun:
    return PromptRun({id_: str(node.get("class_type", "")) for id_, node in graph.items()})


def advanced(run: PromptRun, event: PromptEvent) -> PromptRun:
    if event.cached:
        run = with_done(run, event.cached)
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
    if not run.classes:
        return 0.0
    is_running = run.steps > 0 and run.current not in run.done
    running = min(max(run.step / run.steps, 0.0), 1.0) if is_running else 0.0
    return min((len(run.done) + running) / len(run.classes), 1.0)


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
