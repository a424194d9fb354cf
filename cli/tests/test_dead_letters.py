import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from comfyfleet.home import Home, write_private
from comfyfleet.secrets import FleetSecrets
from contracts.topology import RETRIES_STREAM
from runtime.bus.dead_letters import DeadLetter, store
from runtime.bus.nats_config import PROVISIONER
from runtime.provision import administration
from runtime.supervision.lock import Lock
from runtime.testing.servers import NatsServer, nats_server


@pytest.fixture
def nats(tmp_path: Path) -> Iterator[NatsServer]:
    """One of its own, so that it holds no other test's dead letters."""
    with nats_server(tmp_path) as server:
        yield server


def dead_letters(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("COMFY")}
    return subprocess.run(
        [sys.executable, "-m", "comfyfleet", "dead-letters", *words],
        env=clean | {f"COMFYFLEET_{name}": value for name, value in environment.items()},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def a_letter(name: str) -> DeadLetter:
    return DeadLetter(
        service="workflow-registry",
        event_class="NodeEvent",
        subject=f"event.node.added.v1.{name}",
        kind="bug",
        code="KeyError",
        message=f"no {name}",
        deliveries=5,
        died_at=datetime.now(UTC),
        stream="EVENTS",
        sequence=ord(name),
        trace={},
    )


async def test_dead_letters_are_listed_newest_first_and_replayed(nats: NatsServer) -> None:
    cluster = {
        "NATS_URL": nats.url,
        "PASSWORDS__PROVISIONER": nats.passwords[PROVISIONER],
    }
    assert "no dead letters" in dead_letters(**cluster).stdout
    async with administration(nats.url, nats.passwords[PROVISIONER]) as jetstream:
        for name in "abc":
            await store(jetstream, a_letter(name), b"{}")

    listed = dead_letters("-n", "2", **cluster).stdout.splitlines()
    assert [line.split()[0] for line in listed[:3]] == ["number", "3", "2"]
    assert "event.node.added.v1.c  5      bug (KeyError): no c" in listed[1]
    assert listed[3] == "2 of 3; -n shows more."

    assert "Gave event.node.added.v1.b to" in dead_letters("replay", "2", **cluster).stdout
    again = dead_letters("replay", "2", **cluster)
    assert (again.returncode, again.stderr) == (1, "comfyfleet: there is no dead letter 2\n")
    assert dead_letters("replay", "--all", **cluster).stdout == "Replayed 2 dead letters.\n"
    async with administration(nats.url, nats.passwords[PROVISIONER]) as jetstream:
        messages = [(await jetstream.get_msg(RETRIES_STREAM, n)).subject for n in (1, 2, 3)]
    assert messages == [
        f"retry.workflow-registry.NodeEvent.event.node.added.v1.{name}" for name in "bac"
    ]


def test_one_or_all_must_be_named() -> None:
    done = dead_letters("replay")
    assert (done.returncode, "--all" in done.stderr) == (1, True)
    assert "'abc' is not a valid int" in dead_letters("replay", "abc").stderr
    assert dead_letters("replay", "0").stderr.endswith("is at least 1.\n")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("x", "COMFYFLEET_NATS_URL: expected nats://HOST:PORT"),
        ("nats://127.0.0.1:1", "NATS does not answer: "),
    ],
)
def test_a_wrong_nats_is_one_sentence(url: str, said: str) -> None:
    done = dead_letters(NATS_URL=url, PASSWORDS__PROVISIONER="secret")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert done.stderr.startswith(f"comfyfleet: {said}")


def test_a_wrong_password_is_one_sentence(nats: NatsServer) -> None:
    done = dead_letters(NATS_URL=nats.url, PASSWORDS__PROVISIONER="wrong")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert done.stderr.startswith("comfyfleet: NATS refuses: ")


def test_the_local_fleet_needs_no_settings(nats: NatsServer, tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.prepare()
    refused = dead_letters(HOME=str(home.path))
    assert refused.returncode == 1
    assert f"No fleet runs in {home.path}. Start one with `comfyfleet up`" in refused.stderr
    known = FleetSecrets(nats_provisioner=nats.passwords[PROVISIONER])
    write_private(home.secrets, known.model_dump_json())
    home.ports.write_text(f'{{"nats": {nats.port}}}')
    assert Lock(home.lock).take()
    assert dead_letters(HOME=str(home.path)).stdout == "There are no dead letters.\n"
