import os
import signal
import threading
from pathlib import Path

import asyncpg
import psutil

from comfyfleet.secrets import FleetSecrets
from comfyfleet.servers.postgres import end_other_servers, postgres_child
from comfyfleet.supervision.supervisor import Supervisor
from runtime.testing.ports import eventually, free_port


async def ask(port: int, secrets: FleetSecrets, statement: str) -> object:
    connection = await asyncpg.connect(
        host="127.0.0.1",
        port=port,
        user="postgres",
        password=secrets.postgres_admin,
        database="postgres",
        timeout=5,
    )
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def test_postgres_recovers_by_itself_from_a_kill(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    secrets, port = FleetSecrets(), free_port()
    await supervisor.start([postgres_child(tmp_path / "postgres", secrets, port=port)])
    await ask(port, secrets, "CREATE TABLE kept AS SELECT 42 AS answer")
    [child] = supervisor.fleet.children
    assert child.pid
    os.kill(child.pid, signal.SIGKILL)
    await eventually(lambda: child.restarts == 1 and child.phase == "ready", within=20)
    assert await ask(port, secrets, "SELECT answer FROM kept") == 42


async def test_a_lock_file_that_names_a_stranger_does_not_stop_it(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    secrets, port = FleetSecrets(), free_port()
    spec = postgres_child(tmp_path / "postgres", secrets, port=port)
    data = tmp_path / "postgres" / "data"
    (data / "postmaster.pid").write_text(f"{os.getppid()}\n{data}\n1\n{port}\n\n127.0.0.1\n")
    await supervisor.start([spec])
    assert await ask(port, secrets, "SELECT 1") == 1


async def test_a_server_left_over_from_a_killed_supervisor_is_ended_first(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    secrets, port = FleetSecrets(), free_port()
    spec = postgres_child(tmp_path / "postgres", secrets, port=port)
    await supervisor.start([spec])
    [child] = supervisor.fleet.children
    left_over = child.pid
    assert left_over
    end_other_servers(tmp_path / "postgres" / "data")
    assert not psutil.pid_exists(left_over)
    assert not (tmp_path / "postgres" / "data" / "postmaster.pid").exists()


async def test_the_wrong_password_is_refused(supervisor: Supervisor, tmp_path: Path) -> None:
    secrets, port = FleetSecrets(), free_port()
    await supervisor.start([postgres_child(tmp_path / "postgres", secrets, port=port)])
    stranger = secrets.model_copy(update={"postgres_admin": "guess"})
    try:
        await ask(port, stranger, "SELECT 1")
    except asyncpg.InvalidPasswordError:
        return
    raise AssertionError("let a stranger in")


async def test_it_starts_also_where_a_fork_handler_runs_threads(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    """As root: libraries of telemetry start a thread in each forked child."""
    is_armed = threading.Event()

    def start_thread() -> None:
        if is_armed.is_set():
            threading.Thread(target=threading.Event().wait, args=(5,), daemon=True).start()

    os.register_at_fork(after_in_child=start_thread)  # stays for ever, hence the switch
    is_armed.set()
    try:
        secrets, port = FleetSecrets(), free_port()
        await supervisor.start([postgres_child(tmp_path / "postgres", secrets, port=port)])
        assert await ask(port, secrets, "SELECT 1") == 1
    finally:
        is_armed.clear()
