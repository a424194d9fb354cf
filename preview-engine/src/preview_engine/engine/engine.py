"""The engine: a queue in front of one worker thread, like a ComfyUI server."""

import os
import threading
import traceback
from collections.abc import Callable
from typing import Any

from preview_engine.classes.context import Context, Interrupted, NamedFailureError
from preview_engine.classes.image_loader import PictureLoader
from preview_engine.classes.image_saver import PictureSaver
from preview_engine.classes.registry import work_of_classes
from preview_engine.classes.result import Result
from preview_engine.classes.samplers import Samplers
from preview_engine.classes.video import VideoSaver
from preview_engine.domain.catalog import FILE_INPUTS, Catalog, Graph, load_catalog
from preview_engine.domain.links import inputs_of
from preview_engine.domain.signatures import sign_graph
from preview_engine.domain.switches import Switches
from preview_engine.engine.cache import ResultCache
from preview_engine.engine.events import Events
from preview_engine.engine.queue import Prompt, PromptQueue
from preview_engine.engine.report import Report
from preview_engine.engine.run import Run
from preview_engine.folders import Folders, OutsideFolderError

IDLE_SECONDS = 60.0
SILENCE_SECONDS = 0.05
CRASH_EXIT_CODE = 70


class Engine:
    """The state behind all routes. `start` begins to run prompts."""

    def __init__(
        self,
        folders: Folders,
        switches: Switches,
        *,
        preview_method: str = "auto",
        with_test_classes: bool = False,
    ) -> None:
        self.folders = folders
        self.switches = switches
        self.events = Events(lambda: switches.drop_events)
        self.queue = PromptQueue(self._send_status)
        self.counter = 0
        self._with_test_classes = with_test_classes
        self._loader = PictureLoader(folders)
        self._work = work_of_classes(
            self._loader,
            PictureSaver(folders),
            VideoSaver(folders),
            Samplers(switches, preview_method),
        )
        self._cache = ResultCache()
        self._interrupt = threading.Event()
        self._run: Run | None = None
        self._last_client: str | None = None
        self.catalog: Catalog = {}
        self.use_switches({})

    def start(self) -> None:
        threading.Thread(target=self._work_for_ever, name="worker", daemon=True).start()

    def use_switches(self, values: dict[str, Any]) -> None:
        self.switches.set(values)
        if "models" in values or not self.catalog:
            self.catalog = load_catalog(
                self.switches.models, with_test_classes=self._with_test_classes
            )
        if values:
            self.queue.request_free()  # else the cache would hide the new switches

    def interrupt(self, prompt_id: str | None) -> None:
        """Stop the running prompt at its next step, if it has this id; None stops any.

        Graph nodes check the flag at their start and steps; the next prompt resets it.
        """
        running = self.queue.running()
        if prompt_id is None or (running and running.prompt_id == prompt_id):
            self._interrupt.set()

    def node_running_for(self, client_id: str) -> str | None:
        """Return the graph node that runs for this client now, for clients that come back."""
        return self._run.current_node if self._run and self._last_client == client_id else None

    def status(self) -> dict[str, Any]:
        return {"status": {"exec_info": {"queue_remaining": self.queue.open_count()}}}

    def _send_status(self) -> None:
        self.events.send("status", self.status(), None)

    def _work_for_ever(self) -> None:
        try:
            while True:
                self._work_once()
        except Exception:  # noqa: BLE001 - the outermost loop; without its worker the engine is dead
            traceback.print_exc()
            os._exit(1)

    def _work_once(self) -> None:
        prompt = self.queue.get(IDLE_SECONDS)
        if prompt is not None:
            self._run_prompt(prompt)
        if self.queue.take_free_request():
            self._cache.clear()

    def _run_prompt(self, prompt: Prompt) -> None:
        while self.switches.silent:
            threading.Event().wait(SILENCE_SECONDS)
        self._interrupt.clear()
        self._last_client = prompt.client_id
        self._run = Run(
            prompt=prompt,
            catalog=self.catalog,
            signatures=sign_graph(prompt.graph, self._content_of(prompt.graph)),
            cache=self._cache,
            report=Report(prompt, self.events),
            compute=self._compute,
            check_interrupt=self._check_interrupt,
            before_step=self._count_step,
        )
        self.queue.finish(self._run.execute())
        self._run = None
        if prompt.client_id is not None:
            end = {"node": None, "prompt_id": prompt.prompt_id}
            self.events.send("executing", end, prompt.client_id)

    def _content_of(self, graph: Graph) -> Callable[[str], str]:
        """Return a function that identifies the file a graph node reads, by the node's id."""

        def content(node_id: str) -> str:
            name = inputs_of(graph, node_id).get("image")
            is_file = (graph[node_id]["class_type"], "image") in FILE_INPUTS
            if not is_file or not isinstance(name, str):
                return ""
            try:
                return self._loader.fingerprint(name)
            except (OutsideFolderError, OSError):
                return ""

        return content

    def _compute(self, class_name: str, run: Context, inputs: dict[str, Any]) -> Result:
        if class_name == self.switches.fail_class:
            raise NamedFailureError(self.switches.fail_message, self.switches.fail_type)
        return self._work[class_name](run, **inputs)

    def _check_interrupt(self) -> None:
        if self._interrupt.is_set():
            self._interrupt.clear()
            raise Interrupted

    def _count_step(self) -> None:
        if self.switches.crash_after_steps == 1:
            os._exit(CRASH_EXIT_CODE)
        self.switches.crash_after_steps = max(0, self.switches.crash_after_steps - 1)
