"""Whole conversations with a real ComfyUI, held again with the engine.

A recording is a list of what clients did and what they received. The player does the same things
in the same order, each when every client has received as much as it had then, and compares.
"""

import json
import re
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from websockets.sync.client import ClientConnection, connect

DEADLINE_SECONDS = 20.0
QUIET_SECONDS = 0.15
EVERYTHING = [
    "success_modelfree",
    "cached_resubmit",
    "client_not_connected",
    "delete_pending",
    "duplicate_prompt_id",
    "error_runtime",
    "free_memory",
    "interrupt_blocking_node",
    "interrupt_progress_node",
    "no_client_id",
    "partially_valid",
    "preview_legacy",
    "preview_metadata",
    "two_clients",
    "txt2img_tiny",
    "ws_connect",
    "ws_feature_flags",
]


class Player:
    """Acts a recording out against one engine; `heard` has the events of each client."""

    def __init__(self, url: str, recording: dict[str, Any]) -> None:
        self._events: list[dict[str, Any]] = recording["events"]
        self._url = url
        self._http = httpx.Client(base_url=url, timeout=30)
        self._sockets: dict[str, ClientConnection] = {}
        self._closing: dict[str, ExitStack] = {}
        self._ids: dict[str, str] = {}
        self.heard: dict[str, list[Any]] = {}
        self.answers: list[Any] = []

    def play(self) -> None:
        expected = iter([entry for entry in self._events if entry["kind"] == "http_response"])
        for position, event in enumerate(self._events):
            act = getattr(self, f"_{event['kind']}", None)
            if act is None:
                continue
            self._wait_for(self._events[:position])
            if event["kind"] == "http_request":
                self._http_request(event, next(expected))
            else:
                act(event)
        self._http.close()

    def _ws_connect(self, event: dict[str, Any]) -> None:
        address = self._url.replace("http", "ws") + event["url"]
        closing = self._closing[event["client"]] = ExitStack()
        socket = closing.enter_context(connect(address, max_size=None))
        self._sockets[event["client"]] = socket
        self.heard[event["client"]] = []

    def _ws_send(self, event: dict[str, Any]) -> None:
        said = event["message"]
        self._sockets[event["client"]].send(said if isinstance(said, str) else json.dumps(said))

    def _ws_close_by_client(self, event: dict[str, Any]) -> None:
        self._receive(event["client"], QUIET_SECONDS)
        del self._sockets[event["client"]]
        self._closing.pop(event["client"]).close()

    def _http_request(self, event: dict[str, Any], recorded: dict[str, Any]) -> None:
        path = event["path"]
        if path == "/upload/image":
            self._upload(recorded["body"]["name"])
            return
        if path.startswith("/view") or (path.startswith("/history/") and not recorded.get("body")):
            return
        for old, new in self._ids.items():
            path = path.replace(old, new)
        answer = self._ask(event["method"], path, self._translated(event.get("json")))
        assert answer.status_code == recorded["status"], (event, answer.text)
        if path == "/prompt":
            self._ids[recorded["body"]["prompt_id"]] = answer.json()["prompt_id"]
        if "/history/" in path:
            self.answers.append((comparable(answer.json()), comparable(recorded["body"])))

    def _ask(self, method: str, path: str, body: Any) -> httpx.Response:
        """An entry of the history is asked for until it is there."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while True:
            answer = self._http.request(method, path, json=body)
            is_answer = "/history/" not in path or answer.json()
            if is_answer or time.monotonic() > deadline:
                return answer

    def _upload(self, name: str) -> None:
        self._http.post("/upload/image", files={"image": (name, b"this is no image!")})

    def _translated(self, body: Any) -> Any:
        text = json.dumps(body)
        for old, new in self._ids.items():
            text = text.replace(old, new)
        return json.loads(text)

    def _wait_for(self, past: list[dict[str, Any]]) -> None:
        for client in self._sockets:
            wanted = len(heard_in(past, client))
            deadline = time.monotonic() + DEADLINE_SECONDS
            while len(self.heard[client]) < wanted and time.monotonic() < deadline:
                self._receive(client, 0.05)

    def _receive(self, client: str, quiet_seconds: float) -> None:
        """Take in what comes, until nothing does for so long, but not for more than twice that."""
        deadline = time.monotonic() + 2 * quiet_seconds
        while time.monotonic() < deadline:
            try:
                received = self._sockets[client].recv(quiet_seconds)
            except TimeoutError:
                return
            if isinstance(received, bytes):
                self.heard[client].append({"binary": received[3]})
                continue
            message = json.loads(received)
            if message["type"] == "progress_state":
                nodes = message["data"]["nodes"].items()
                message = {key: [node["state"], node["value"], node["max"]] for key, node in nodes}
            if is_kept(message):
                self.heard[client].append(message)


def is_kept(message: Any) -> bool:
    """`status` without a sid goes to everybody at any time; who gets it is tested elsewhere."""
    if not isinstance(message, dict):
        return True
    told = cast("dict[str, Any]", message)
    return told.get("type") != "status" or "sid" in told["data"]


def heard_in(events: list[dict[str, Any]], client: str) -> list[Any]:
    heard: list[Any] = []
    for event in events:
        if event.get("client") != client:
            continue
        if event["kind"] == "ws_text" and is_kept(event["message"]):
            heard.append(event["message"])
        elif event["kind"] == "progress":
            heard.append(event["nodes"])
        elif event["kind"] == "ws_binary":
            heard.append({"binary": event["binary"]["event"]})
    return heard


def comparable(value: Any) -> Any:
    """Without what differs from run to run: ids, times, counters, paths."""
    text = json.dumps(value)
    text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}", "ID", text)
    text = re.sub(r"_\d{5}_", "_N_", text)
    text = re.sub(r"temp_[a-z]{5}", "temp_X", text)
    text = re.sub(r'"(timestamp|create_time|queue_remaining)": \d+', r'"\1": 0', text)
    text = re.sub(r'("prompt": \[)-?[\d.]+', r"\1NUMBER", text).replace("NUMBER", "0")
    return without_noise(json.loads(text))


def without_noise(value: Any) -> Any:
    if isinstance(value, list):
        return [without_noise(entry) for entry in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    items = cast("dict[str, Any]", value).items()
    kept = {key: without_noise(entry) for key, entry in items}
    if "exception_message" in kept:
        kept["exception_message"] = re.sub(r"'/[^']*/|: /.*", "", kept["exception_message"])[:60]
        kept["traceback"] = []
        kept["executed"] = sorted(kept["executed"])
        kept["current_inputs"] = sorted(set(kept["current_inputs"]) - {"prompt", "extra_pnginfo"})
        kept["current_outputs"] = sorted(kept["current_outputs"])
    return kept


def prime(http: httpx.Client, recording: dict[str, Any], run_prompt: Callable[..., Any]) -> None:
    """Fill the cache with what ComfyUI had in it when the recording began."""
    http.post("/free", json={"free_memory": True})
    graphs = [event["json"]["prompt"] for event in recording["events"] if is_submission(event)]
    pattern = r'"execution_cached", (?:"data": )?{"nodes": (\[[^]]*\])'
    cached = re.search(pattern, json.dumps(recording))
    nodes: list[str] = json.loads(cached[1]) if cached else []
    if not nodes:
        return
    kept = {node_id: graphs[0][node_id] for node_id in nodes}
    shown = {"class_type": "PreviewImage", "inputs": {"images": [next(iter(kept)), 0]}}
    run_prompt(http, {**kept, "prime": shown})


def is_submission(event: dict[str, Any]) -> bool:
    return event["kind"] == "http_request" and event["path"] == "/prompt"


def load(recordings: Path, name: str) -> dict[str, Any]:
    return json.loads((recordings / "ws" / f"{name}.json").read_text("utf-8"))


@pytest.mark.parametrize("name", EVERYTHING)
def test_clients_hear_what_clients_of_comfyui_heard(
    shared_engine: str, recordings: Path, run_prompt: Callable[..., Any], name: str
) -> None:
    recording = load(recordings, name)
    with httpx.Client(base_url=shared_engine) as http:
        prime(http, recording, run_prompt)
    player = Player(shared_engine, recording)
    player.play()
    for client, heard in player.heard.items():
        assert comparable(heard) == comparable(heard_in(recording["events"], client)), client
    for answer, recorded in player.answers:
        assert answer == recorded


def test_a_client_that_comes_back_is_told_the_node_that_runs(
    shared_engine: str, recordings: Path
) -> None:
    recording = load(recordings, "reconnect_same_id")
    player = Player(shared_engine, recording)
    player.play()
    again = player.heard["a2"]
    assert comparable(again[:2]) == comparable(heard_in(recording["events"], "a2")[:2])
    assert again[1] == {"type": "executing", "data": {"node": "2"}}
    assert again[-1]["data"]["node"] is None


def test_when_the_older_of_two_connections_closes_the_newer_goes_deaf(
    shared_engine: str, recordings: Path
) -> None:
    player = Player(shared_engine, load(recordings, "same_id_twice"))
    player.play()
    kinds = [message.get("type") for message in player.heard["a2"]]
    assert kinds[:2] == ["status", "executing"]
    assert "progress" in kinds
    assert "execution_success" not in kinds
