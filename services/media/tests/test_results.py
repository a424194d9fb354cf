"""Tests each step from the files of an attempt to media."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from contracts.errors import ForbiddenError, InvalidError, UnavailableError
from contracts.media.attempts import RecordResults, Results
from media.domain.inspection import FileRefusedError, InspectedFile, WorkTime
from media.domain.names import result_key
from media.handlers import attempts
from media.handlers.attempts import record_results

from .adapters.records import NOW, a_grant, a_result
from .fake_store import FakeStore, read
from .fakes import FakeResults, FakeSandbox, a_media

PNG = b"\x89PNG\r\n\x1a\nprompt"


class TiredSandbox(FakeSandbox):
    """Needs two hundred seconds for a file."""

    async def strip(self, folder: Path, time: WorkTime) -> InspectedFile:
        if time.left_seconds < 200:
            raise FileRefusedError("no_time_left", "It takes too long.")
        time.left_seconds -= 200
        return await super().strip(folder, time)


class BusySandbox(FakeSandbox):
    """Works on some files until it is let go."""

    def __init__(self, is_busy: Callable[[bytes], bool] = lambda _: True) -> None:
        super().__init__()
        self._is_busy = is_busy
        self.go = asyncio.Event()

    async def strip(self, folder: Path, time: WorkTime) -> InspectedFile:
        if self._is_busy(read(folder / "source")):
            await self.go.wait()
        return await super().strip(folder, time)


class SlowStore(FakeStore):
    """Sends no object before it is let go."""

    def __init__(self, objects: dict[str, bytes]) -> None:
        super().__init__(objects)
        self.go = asyncio.Event()

    async def fetch(self, key: str, file: Path, max_bytes: int) -> None:
        await self.go.wait()
        await super().fetch(key, file, max_bytes)


class Scene:
    """One attempt whose files were put."""

    def __init__(
        self,
        *files: bytes,
        is_bare: bool = False,
        store: FakeStore | None = None,
        owner_id: UUID | None = None,
    ) -> None:
        self.owner_id, self.node_id, self.attempt_id = owner_id or uuid4(), uuid4(), uuid4()
        keys = [result_key(self.owner_id, self.attempt_id, n) for n in range(len(files))]
        self.store = store or FakeStore()
        self.store.objects.update(zip(keys, files, strict=True))
        self.results = FakeResults()
        self.media = a_media(store=self.store, results=self.results)
        self.files = [a_result(n, data) for n, data in enumerate(files)]
        self.grant = a_grant(
            node_id=self.node_id,
            owner_id=self.owner_id,
            attempt_id=self.attempt_id,
            expires_at=NOW + timedelta(hours=1),
            is_bare=is_bare,
        )

    def command(self, node_id: UUID | None = None) -> RecordResults:
        return RecordResults(node_id=node_id or self.node_id, grant=self.grant, files=self.files)


async def test_a_result_stays_where_it_was_put() -> None:
    scene = Scene(PNG)
    await record_results(scene.media, scene.command())
    [result] = scene.results.recorded[scene.attempt_id].values()
    assert result.key == result_key(scene.owner_id, scene.attempt_id, 0)
    assert (scene.store.objects[result.key], result.is_verified) == (PNG, False)


async def test_a_bare_result_lies_where_no_url_can_write_and_is_recorded_once() -> None:
    scene = Scene(PNG, is_bare=True)
    first = await record_results(scene.media, scene.command())
    again = await record_results(scene.media, scene.command())
    assert again == first
    [(key, data)] = scene.store.objects.items()
    assert key.startswith(f"blobs/{scene.owner_id}/")
    assert b"prompt" not in data


async def test_a_result_that_cannot_be_made_bare_is_kept_whole_and_recorded_once() -> None:
    scene = Scene(PNG + b"damaged", PNG, is_bare=True)
    first = await record_results(scene.media, scene.command())
    again = await record_results(scene.media, scene.command())
    assert again == first
    assert sorted(scene.store.objects.values()) == [b"\x89PNG\r\n\x1a\n", PNG + b"damaged"]
    assert all(key.startswith(f"blobs/{scene.owner_id}/") for key in scene.store.objects)
    assert [output.is_withheld for output in first.outputs] == [True, False]


async def test_files_for_which_no_time_is_left_are_withheld() -> None:
    scene = Scene(PNG, PNG + b"2", PNG + b"3", is_bare=True)
    service = replace(scene.media, sandbox=TiredSandbox())
    recorded = await record_results(service, scene.command())
    assert [output.is_withheld for output in recorded.outputs] == [False, True, True]


async def test_a_slow_store_withholds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(PNG, is_bare=True)
    store = SlowStore(scene.store.objects)
    service = replace(scene.media, store=store)
    with monkeypatch.context() as patch:
        patch.setattr(attempts, "BARE_SECONDS", 0.0)
        patch.setattr(attempts, "RECORD_SECONDS", 0.0)
        with pytest.raises(UnavailableError):
            await record_results(service, scene.command())
    assert not scene.results.recorded
    store.go.set()
    recorded = await record_results(service, scene.command())
    assert [output.is_withheld for output in recorded.outputs] == [False]


async def test_waiting_behind_other_files_withholds_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(attempts, "BARE_SECONDS", 0.0)
    scene, sandbox = Scene(PNG, is_bare=True), BusySandbox()
    service = replace(scene.media, sandbox=sandbox)
    recording = asyncio.create_task(record_results(service, scene.command()))
    for _ in range(10):
        await asyncio.sleep(0)
    sandbox.go.set()
    assert [output.is_withheld for output in (await recording).outputs] == [False]


async def test_the_attempts_of_one_owner_leave_room_for_those_of_others() -> None:
    store, busy = FakeStore(), PNG + b"1"
    first = Scene(busy, is_bare=True, store=store)
    second = Scene(busy, is_bare=True, store=store, owner_id=first.owner_id)
    other = Scene(PNG, is_bare=True, store=store)
    sandbox = BusySandbox(lambda data: data != PNG)
    service = replace(first.media, sandbox=sandbox)
    mine = [asyncio.create_task(record_results(service, s.command())) for s in (first, second)]
    for _ in range(10):
        await asyncio.sleep(0)
    async with asyncio.timeout(10):
        await record_results(service, other.command())
    sandbox.go.set()
    await asyncio.gather(*mine)


@pytest.mark.parametrize("data", [b"PK\3\4prompt", bytes(600) + b"prompt"])
async def test_a_result_of_an_unknown_type_is_withheld(data: bytes) -> None:
    scene = Scene(data, is_bare=True)
    [output] = (await record_results(scene.media, scene.command())).outputs
    assert output.is_withheld
    assert await record_results(scene.media, scene.command()) == Results(
        outputs=[output], is_recorded=True
    )


async def test_a_sound_behind_a_tag_is_served_as_what_it_is() -> None:
    tag = b"ID3\x04\0\0" + bytes((0, 0, 8, 0)) + bytes(1024)
    scene = Scene(tag + b"fLaC", tag + tag + b"RIFF\0\0\0\0WAVE", tag, is_bare=True)
    outputs = (await record_results(scene.media, scene.command())).outputs
    assert [output.content_type for output in outputs] == ["audio/flac", "audio/wav", "audio/mpeg"]
    assert not any(output.is_withheld for output in outputs)


async def test_nothing_is_withheld_from_an_owner_who_may_see_the_graph() -> None:
    scene = Scene(b"PK\3\4prompt", is_bare=False)
    [output] = (await record_results(scene.media, scene.command())).outputs
    assert not output.is_withheld


async def test_two_files_of_one_number_are_refused() -> None:
    scene = Scene(PNG)
    scene.files *= 2
    with pytest.raises(InvalidError) as refused:
        await record_results(scene.media, scene.command())
    assert refused.value.code == "result_repeated"


async def test_the_grant_of_another_node_records_nothing() -> None:
    scene = Scene(PNG)
    with pytest.raises(ForbiddenError):
        await record_results(scene.media, scene.command(uuid4()))
    assert scene.results.recorded == {}
