"""One agent runs a server for each device of its machine."""

import os
import signal

from runtime.supervision import pid_file
from runtime.testing.ports import eventually, free_ports

from .fleet import Fleet
from .managed import SLOW_START, Managed, managed

__all__ = ["managed"]
COUNT = 4


async def test_the_death_of_one_server_of_four_leaves_the_others_alone(
    fleet: Fleet, managed: Managed
) -> None:
    first = free_ports(COUNT)
    devices = ",".join(map(str, range(COUNT)))

    def pids() -> list[int]:
        paths = [managed.folder / f"comfyui-{first + number}.pid" for number in range(COUNT)]
        found = [pid_file.find_process(path) for path in paths]
        return [process.pid if process else 0 for process in found]

    def usable() -> set[str]:
        names = {entry.node_id: entry.name for entry in fleet.entries.values()}
        newest = {beat.node_id: beat for beat in fleet.beats}
        return {names[b.node_id] for b in newest.values() if b.is_reachable and not b.is_paused}

    async with fleet.agent(**managed.settings(comfyui_port=first, comfyui_devices=devices)):
        await eventually(lambda: len(usable()) == COUNT, SLOW_START)
        names, before = usable(), pids()
        start = len(fleet.beats)
        os.kill(before[1], signal.SIGKILL)
        await eventually(lambda: pids()[1] not in (0, before[1]), SLOW_START)
        await eventually(lambda: len(usable()) == COUNT, SLOW_START)
        after = pids()

    assert names == {"box-0", "box-1", "box-2", "box-3"}
    assert [before[n] == after[n] for n in range(COUNT)] == [True, False, True, True]
    away = {beat.node_id for beat in fleet.beats[start:] if not beat.is_reachable}
    assert [fleet.entries[node_id].name for node_id in away] == ["box-1"]
