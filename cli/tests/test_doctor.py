import json
import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from comfyfleet import CommandError
from comfyfleet.doctor.checks import check_comfyui, check_machine
from comfyfleet.doctor.server_settings import settings_of
from comfyfleet.home import Home
from comfyfleet.settings import LocalSettings
from runtime.supervision.lock import Lock
from runtime.testing.canned import canned
from runtime.testing.ports import free_port, wait_for_port


@pytest.fixture
def engine_url(tmp_path: Path) -> Iterator[str]:
    """A ComfyUI-compatible server, as a process."""
    port = free_port()
    command = [sys.executable, "-m", "preview_engine", "--port", str(port), "--home", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            wait_for_port(port)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def test_a_sound_server_passes_every_examination_and_keeps_nothing_of_it(
    engine_url: str, tmp_path: Path
) -> None:
    findings = check_comfyui(engine_url)
    assert [finding.title for finding in findings if not finding.passed] == []
    assert len(findings) == 12
    left = [path for path in tmp_path.rglob("*") if path.is_file() and "temp" not in path.parts]
    assert [path.stat().st_size for path in left if "doctor" in str(path)] == [0, 0]


def test_a_server_that_does_not_answer_gets_one_finding_with_a_remedy() -> None:
    [finding] = check_comfyui("127.0.0.1:1")
    assert not finding.passed
    assert finding.detail.endswith(":1 refuses the connection: nobody listens there")
    assert "python main.py --listen" in finding.remedy


@pytest.mark.parametrize("odd", [{}, [], 500, "text"])
def test_odd_answers_are_failed_checks(odd: object) -> None:
    paths = ("/queue", "/features", "/upload/image", "/prompt", "/object_info")
    answers = {"/system_stats": {"devices": odd, "system": odd}} | dict.fromkeys(paths, odd)
    with canned(answers | {"/models/checkpoints": odd}) as server:
        findings = {finding.title: finding for finding in check_comfyui(server.url)}
    assert findings["websocket"].detail == "/ws does not answer as a WebSocket"
    assert not any("Error" in finding.detail for finding in findings.values())
    assert not findings["job"].passed


@pytest.mark.parametrize("text", ["nonsense", "ftp://10.0.0.7", "http://", "gpu1:port", "[1"])
def test_what_is_no_address_is_refused_by_name(text: str) -> None:
    with pytest.raises(CommandError, match="should be the address of a ComfyUI"):
        check_comfyui(text)


def test_what_is_no_comfyui_is_told_apart(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL) as process:
        wait_for_port(port)
        [finding] = check_comfyui(f"http://127.0.0.1:{port}")
        process.terminate()
    assert "/system_stats answers 404" in finding.detail


def test_an_old_comfyui_is_not_told_to_stop_what_runs() -> None:
    with canned({"/system_stats": {"system": {"comfyui_version": "0.3.50"}}}) as old:
        findings = {finding.title: finding for finding in check_comfyui(old.url)}
    assert not findings["version"].passed
    assert "would stop the running prompt" in findings["cancel"].detail
    assert "POST /interrupt" not in old.seen


SYSTEM: dict[str, Any] = {
    "comfyui_version": "0.33.0",
    "argv": ["main.py", "--cache-lru", "20", "--enable-assets", "--preview-method", "taesd"],
    "comfy_package_versions": [
        {"name": "comfy-kitchen", "installed": "0.2.30", "required": "0.2.31"},
        {"name": "comfyui-embedded-docs", "installed": None, "required": "0.5.10"},
        {"name": "comfy-aimdo", "installed": "0.4.13", "required": "0.4.13"},
    ],
}


def test_settings_and_packages_of_a_server_are_told() -> None:
    answers = {"/system_stats": {"system": SYSTEM}, "/features": {"max_upload_size": 104857600}}
    with canned(answers) as server:
        findings = {finding.title: finding for finding in check_comfyui(server.url)}

    told = "previews: taesd for every prompt; uploads: up to 100 MiB; cache: lru 20; assets: on"
    assert findings["settings"].detail == told
    assert not findings["packages"].passed
    assert findings["packages"].detail == "comfy-kitchen 0.2.30, not 0.2.31"
    assert "requirements.txt" in findings["packages"].remedy


@pytest.mark.parametrize(
    ("release", "arguments", "told"),
    [
        ("0.33.0", [], ("previews: as each job asks", "cache: until memory runs short")),
        ("0.8.0", ["--cache-none"], ("previews: as each job asks", "cache: none")),
        (
            "0.3.64",
            ["--cache-classic", "--preview-method", "none"],
            ("previews: none; start it with --preview-method auto", "cache: classic"),
        ),
    ],
)
def test_the_release_decides_the_default_of_a_setting(
    release: str, arguments: list[str], told: tuple[str, str]
) -> None:
    found = settings_of({"comfyui_version": release, "argv": ["main.py", *arguments]}, {})

    assert (found[0], found[2]) == told


def test_this_machine_is_examined_without_a_fleet(tmp_path: Path) -> None:
    settings = LocalSettings(port=free_port())
    findings = {item.title: item for item in check_machine(settings, Home(tmp_path / "var"))}
    assert findings["disk"].passed
    assert findings["processes"].passed


@contextmanager
def a_service_that_says(text: str) -> Generator[int, None, None]:
    class Ops(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_request(self, code: object = "-", size: object = "-") -> None:
            """Quiet."""

    with HTTPServer(("127.0.0.1", 0), Ops) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("said", ["ok\n", "ok\nNATS refused x\n"])
def test_what_a_running_service_could_not_tell_is_found(tmp_path: Path, said: str) -> None:
    home, lock = Home(tmp_path / "var"), Lock(tmp_path / "var" / "run" / "lock")
    home.prepare()
    assert lock.take()
    with a_service_that_says(said) as port:
        home.ports.write_text(json.dumps({"auth": port}))
        findings = {item.title: item for item in check_machine(LocalSettings(), home)}
    lock.release()

    passed = said == "ok\n"
    assert findings["messages"].passed == passed
    assert ("auth: NATS refused x" in findings["messages"].detail) != passed
