import json
import os
import socket
from contextlib import closing
from pathlib import Path

import pytest

from comfyfleet import CommandError, tcp_ports


def a_listener() -> socket.socket:
    listener = socket.create_server(("127.0.0.1", 0))
    listener.listen()
    return listener


def test_the_same_ports_are_used_at_the_next_start(tmp_path: Path) -> None:
    path = tmp_path / "ports.json"
    first = tcp_ports.choose(path, ["nats", "s3"])
    assert len(set(first.values())) == 2
    assert tcp_ports.choose(path, ["nats", "s3"]) == first


def test_a_remembered_port_that_is_taken_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "ports.json"
    with closing(a_listener()) as other:
        taken = other.getsockname()[1]
        path.write_text(json.dumps({"nats": taken}))
        assert tcp_ports.choose(path, ["nats"])["nats"] != taken


def test_no_port_is_one_that_an_outgoing_connection_may_get(tmp_path: Path) -> None:
    chosen = tcp_ports.choose(tmp_path / "ports.json", [f"service-{n}" for n in range(20)])
    assert max(chosen.values()) < 32_768


def test_fleets_that_start_together_look_in_other_places() -> None:
    firsts = {next(tcp_ports.candidates(process_id)) for process_id in range(4_000, 4_100)}
    assert len(firsts) == 100
    assert sorted(tcp_ports.candidates(4_321)) == list(tcp_ports.CHOSEN_FROM)


def test_damaged_memory_of_ports_is_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "ports.json"
    path.write_text('["nonsense"')
    assert tcp_ports.choose(path, ["nats"])["nats"] > 0


def test_a_taken_public_port_is_one_clear_sentence() -> None:
    with closing(a_listener()) as other:
        port = other.getsockname()[1]
        expected = rf"Port {port} on 127\.0\.0\.1 is taken by .* \(process {os.getpid()}\)"
        with pytest.raises(CommandError, match=expected):
            tcp_ports.check_public("127.0.0.1", port)


def test_an_address_of_another_machine_is_told_too() -> None:
    with pytest.raises(CommandError, match="COMFYFLEET_HOST"):
        tcp_ports.check_public("192.0.2.1", 8080)
