"""The engine: a queue in front of one worker thread, like a ComfyUI server."""

import os
import threading
import traceback
from typing import Any

from preview_engine.classes.context import Result
from preview_engine.domain.catalog import Catalog, load_catalog
from preview_engine.domain.switches import Switches
from preview_engine.engine.events import Events
from preview_engine.engine.queue import Prompt, PromptQueue
from preview_engine.engine.report import Report
from preview_engine.engine.run import Run
from preview_engine.folders import Folders
from preview_engine.settings import Settings

SILENCE_SECONDS = 0.05


class Engine:
    """The state behind all routes. `start` begins to run prompts."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.folders = Folders(settings.home)
        self.switches = Switches(
            step_seconds=settings.step_seconds,
            models=settings.models,
            fail_class=settings.fail_class,
        )
        self.events = Events(lambda: self.switches.drop_events)
        self.queue = PromptQueue(self._send_status)
        self.counter = 0
        self._results: dict[str, Result] = {}
        self._run: Run | None = None
        self._models: dict[str, list[str]] | None = None
        self._catalog: Catalog = {}
        self.use_switches({})

    def start(self) -> None:
        threading.Thread(target=self._work_for_ever, name="worker", daemon=True).start()

    def use_switches(self, values: dict[str, Any]) -> None:
        self.switches.set(values)
        self.queue.request_free()  # else the cache would hide the new switches

    def models(self) -> dict[str, list[str]]:
        """Return the named models and the files below `models`, by folder."""
        found = {folder: list(names) for folder, names in self.switches.models.items()}
        for folder, names in self.folders.list_models().items():
            found[folder] = sorted({*found.get(folder, []), *names})
        return found

    @property
    def catalog(self) -> Catalog:
        """The classes; their choices are the models of now, as ComfyUI looks for new files."""
        if (models := self.models()) != self._models:
            with_test_classes = self.settings.with_test_classes
            self._catalog = load_catalog(models, with_test_classes=with_test_classes)
            self._models = models
        return self._catalog

    def interrupt(self, prompt_id: str | None) -> None:
        """Stop the running prompt at its next step, if it has this id; None stops any."""
        if (run := self._run) and prompt_id in (None, run.prompt.prompt_id):
            run.is_interrupted = True

    def node_running_for(self, client_id: str) -> str | None:
        """Return the graph node that runs for this client now, for clients that come back."""
        run = self._run
        return run.current_node if run and run.prompt.client_id == client_id else None

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
        prompt = self.queue.get()
        if prompt is not None:
            self._run_prompt(prompt)
        if self.queue.take_free_request():
            self._results.clear()

    def _run_prompt(self, prompt: Prompt) -> None:
        while self.switches.silent:
            threading.Event().wait(SILENCE_SECONDS)
        self._run = run = Run(
            prompt=prompt,
            catalog=self.catalog,
            folders=self.folders,
            switches=self.switches,
            preview_method=self.settings.preview_method,
            results=self._results,
            report=Report(prompt, self.events),
        )
        self.queue.finish(run.execute())
        self._run = None
        if prompt.client_id is not None:
            end = {"node": None, "prompt_id": prompt.prompt_id}
            self.events.send("executing", end, prompt.client_id)
