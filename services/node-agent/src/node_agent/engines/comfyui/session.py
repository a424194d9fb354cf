"""Holds the state of one ComfyUI server, as the agent sees it, while a claim lasts."""

import asyncio
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from uuid import UUID

from cachetools import LRUCache, TTLCache

from contracts.scheduler.nodes import ClaimedNode
from node_agent.domain.health import Health
from node_agent.engines.comfyui.events import ComfyEvent, Previewed, PromptEvent
from node_agent.engines.comfyui.http import ComfyHttp, Submitted
from node_agent.engines.comfyui.inputs import Inputs
from node_agent.engines.comfyui.progress import PromptRun, advanced, mean_with, progress_of
from node_agent.engines.comfyui.replacements import Replacement, Replacements
from node_agent.engines.comfyui.timings import GraphNodeClock
from node_agent.engines.comfyui.vitals import BusyFraction, QueueView, Vitals
from node_agent.ports import Description, EngineTask, Preview

PROBE_SECONDS = 1.0
REMEMBERED_SECONDS = 600.0
MAX_REMEMBERED, MAX_CLASSES = 10_000, 2_000


def memory() -> TTLCache[str, None]:
    return TTLCache[str, None](MAX_REMEMBERED, REMEMBERED_SECONDS)


@dataclass(slots=True, eq=False)
class Prompt:
    """One attempt inside ComfyUI, while its run is followed."""

    task: EngineTask
    run: PromptRun = field(default_factory=PromptRun)
    client_id: str | None = None
    """Connection that gets its events; None if another session posted it."""
    is_running: bool = False
    graph_nodes: GraphNodeClock = field(default_factory=GraphNodeClock)
    loaders: frozenset[str] = frozenset()
    """Graph nodes that load model files."""
    has_worked: bool = False
    """Some graph node started, so ComfyUI's worker is alive."""
    stirred: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when something happened: ask ComfyUI at once."""

    @property
    def id(self) -> str:
        return str(self.task.attempt_id)


@dataclass(frozen=True, slots=True)
class Known:
    """The newest description of the server."""

    description: Description
    source: tuple[str, Mapping[str, Sequence[str]]]
    """Version and model files at that time."""
    read_at: float
    """When the classes were read, in monotonic seconds."""
    replacements: Replacements = field(default_factory=dict[str, Replacement])
    """Classes that the server has under other names."""


@dataclass(slots=True, eq=False)
class Session:
    entry: ClaimedNode
    http: ComfyHttp
    vitals: Vitals
    keep_outputs: bool = False
    """Leave results on the server; otherwise they are emptied once they are stored."""
    keep_inputs_seconds: float = 600.0
    """Time after which an input file that no attempt needs is emptied."""
    free_below_mb: int = 0
    loaded: frozenset[tuple[str, str]] = frozenset()
    """Folder and name of each model file of the last prompt that had some."""
    prompts: dict[str, Prompt] = field(default_factory=dict[str, Prompt])
    posts: dict[str, asyncio.Task[Submitted]] = field(
        default_factory=dict[str, asyncio.Task[Submitted]]
    )
    """POSTs that are not answered yet."""
    queue: QueueView = field(default_factory=QueueView)
    client_id: str | None = None
    """The WebSocket connection that is open now."""
    is_reachable: bool = False
    separator: str = "/"
    """Between folders in the names of the server's model files."""
    reason: str | None = Health().reason
    vram_free_mb: int | None = None
    busy: BusyFraction = field(default_factory=BusyFraction)
    known: Known | None = None
    class_seconds: LRUCache[str, float] = field(
        default_factory=lambda: LRUCache[str, float](MAX_CLASSES)
    )
    """Mean time that each class took here."""
    inputs: Inputs = field(default_factory=Inputs)
    trial_id: str | None = None
    """The newest trial's prompt, which is no attempt."""
    ended: TTLCache[str, None] = field(default_factory=memory)
    """Prompts that are surely not in the queue any more, whatever an older probe saw."""
    leftovers: TTLCache[str, None] = field(default_factory=memory)
    """Prompts that nobody follows any more: they are removed where they are seen."""

    @property
    def is_dead(self) -> bool:
        return self.is_reachable and self.vitals.is_dead

    def health(self) -> Health:
        queue = self.queue
        inside = [id_ for id_ in (*queue.running, *queue.pending) if id_ not in self.ended]
        return Health(
            is_reachable=self.is_reachable,
            is_dead=self.is_dead,
            reason=self.reason,
            work_ids=tuple(inside),
            pending_ids=tuple(id_ for id_ in inside if self.is_pending(id_)),
            running_ids=tuple(self.running()),
            own_ids=tuple(id_ for id_ in inside if self.is_own(id_)),
            trial_id=self.trial_id,
            vram_free_mb=self.vram_free_mb,
            busy_fraction=self.busy.value if self.is_reachable else None,
            other_node_id=self.other_node(),
        )

    def is_pending(self, prompt_id: str) -> bool:
        """Return whether it waits in the queue; its events are newer than the queue's last look."""
        prompt = self.prompts.get(prompt_id)
        return prompt_id in self.queue.pending and not (prompt and prompt.is_running)

    def running(self) -> set[str]:
        """Return the prompts that have begun, as events or the queue's last look say."""
        found = {prompt.id for prompt in self.prompts.values() if prompt.is_running}
        return {id_ for id_ in found.union(self.queue.running) if id_ not in self.ended}

    def is_own(self, prompt_id: str) -> bool:
        """Return whether it is an attempt of this node."""
        return self.queue.nodes.get(prompt_id) == self.node_name and prompt_id != self.trial_id

    @property
    def node_name(self) -> str:
        """Return the text by which prompts name their node."""
        return str(self.entry.node_id)

    def other_node(self) -> UUID | None:
        """Return another node that a prompt names as its own; the name may be any text."""
        for text in set(self.queue.nodes.values()) - {self.node_name}:
            with suppress(ValueError):
                return UUID(text)
        return None

    def stir_all(self) -> None:
        for prompt in self.prompts.values():
            prompt.stirred.set()

    def connected(self, client_id: str | None) -> None:
        """Note the connection; it gets no events of earlier prompts, so each is looked up now."""
        self.client_id = client_id
        for prompt in self.prompts.values():
            prompt.graph_nodes.lose()
        self.stir_all()

    def hear(self, event: ComfyEvent) -> None:
        """Handle an event without awaiting: a slow reader would stall all clients of the server."""
        prompt = self.prompt_for(event.prompt_id)
        if prompt is None:
            return
        if isinstance(event, Previewed):
            prompt.task.previewed(Preview(event.content_type, event.image))
            return
        if event.is_over:
            prompt.stirred.set()
            prompt.task.stopwatch.stop()
        else:
            prompt.is_running = True
            prompt.task.stopwatch.begin()
            prompt.has_worked |= bool(event.started or event.steps)
        before = progress_of(prompt.run)
        self.learn(prompt, event)
        prompt.run = advanced(prompt.run, event)
        if (progress := progress_of(prompt.run)) != before:
            # `progress` and `progress_state` tell of one step
            prompt.task.progressed(progress)

    def learn(self, prompt: Prompt, event: PromptEvent) -> None:
        """Note how long the class of the graph node took that ends with the start of another."""
        ended = prompt.graph_nodes.hear(event)
        if ended is None or event.is_over:
            return
        id_, seconds = ended
        if class_ := prompt.run.classes.get(id_):
            self.class_seconds[class_] = mean_with(self.class_seconds.get(class_), seconds)

    def prompt_for(self, prompt_id: str | None) -> Prompt | None:
        """Return the own prompt; a preview of an old server names none, and only one can run."""
        if prompt_id is not None:
            return self.prompts.get(prompt_id)
        return next((prompt for prompt in self.prompts.values() if prompt.is_running), None)

    @contextmanager
    def following(self, prompt: Prompt) -> Generator[None, None, None]:
        """Pass events to the prompt; remove it from the queue later if it ends by an error."""
        self.prompts[prompt.id] = prompt
        try:
            yield
        except Exception:
            self.leftovers[prompt.id] = None
            raise
        finally:
            prompt.graph_nodes.stop()
            timings = prompt.graph_nodes.timings(prompt.run.classes, prompt.loaders)
            prompt.task.timed(timings)
            del self.prompts[prompt.id]
