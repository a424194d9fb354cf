import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import typer.main

from comfyfleet.__main__ import application
from comfyfleet.home import Home
from runtime.supervision.lock import Lock


def comfyfleet(home: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command as a user runs it."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("COMFY")}
    return subprocess.run(
        [sys.executable, "-m", "comfyfleet", *words],
        env=clean | {"COMFYFLEET_HOME": str(home), "COLUMNS": "200"} | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_second_start_is_one_clear_sentence(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.prepare()
    assert Lock(home.lock).take()
    done = comfyfleet(tmp_path, "up")
    assert done.returncode == 1
    expected = f"comfyfleet: ComfyFleet already runs (process {os.getpid()})."
    assert done.stderr.startswith(expected)
    assert done.stderr.count("\n") == 1


def test_a_taken_port_is_one_clear_sentence(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = str(other.getsockname()[1])
        done = comfyfleet(tmp_path, "up", COMFYFLEET_PORT=port)
    assert done.returncode == 1
    assert f"Port {port} on 127.0.0.1 is taken by" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_wrong_setting_names_its_variable(tmp_path: Path) -> None:
    done = comfyfleet(tmp_path, "status", COMFYFLEET_PORT="many")
    assert done.returncode == 1
    assert done.stderr.startswith("comfyfleet: COMFYFLEET_PORT: ")


def test_status_of_nothing_says_how_to_start(tmp_path: Path) -> None:
    done = comfyfleet(tmp_path, "status")
    assert done.returncode == 1
    assert f"No fleet runs in {tmp_path}. Start one with `comfyfleet up`." in done.stdout


def test_without_a_fleet_jobs_says_how_to_name_one(tmp_path: Path) -> None:
    done = comfyfleet(tmp_path, "jobs")
    assert done.returncode == 1
    assert "COMFYFLEET_URL and COMFYFLEET_API_KEY" in done.stderr


def test_a_fleet_that_does_not_answer_is_named(tmp_path: Path) -> None:
    remote = {"COMFYFLEET_URL": "http://127.0.0.1:1", "COMFYFLEET_TOKEN": "t"}
    done = comfyfleet(tmp_path, "nodes", **remote)
    assert done.returncode == 1
    assert "The fleet at http://127.0.0.1:1 does not answer" in done.stderr


def test_an_address_that_is_none_is_named(tmp_path: Path) -> None:
    remote = {"COMFYFLEET_URL": "nonsense", "COMFYFLEET_TOKEN": "t"}
    assert "nonsense is not the address of a fleet" in comfyfleet(tmp_path, "jobs", **remote).stderr


def test_an_unknown_log_names_the_ones_there_are(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.prepare()
    (home.logs / "nats.log").write_text("hello\n")
    assert "hello" in comfyfleet(tmp_path, "logs", "nats").stdout
    assert "There are: nats." in comfyfleet(tmp_path, "logs", "natz").stderr


def flags(command: Any) -> Iterator[str]:
    """Yield the flags of a command and of all its sub-commands."""
    for parameter in command.params:
        if parameter.param_type_name == "option":
            yield from (*parameter.opts, *parameter.secondary_opts)
    for child in getattr(command, "commands", {}).values():
        yield from flags(child)


def test_flags_are_lower_case() -> None:
    """Typer names an option after its metavar where that is its own name in capitals."""
    found = set(flags(typer.main.get_command(application())))
    assert {"--user", "--scope"} <= found
    assert {flag for flag in found if flag != flag.lower()} == set()
