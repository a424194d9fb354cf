"""Presets on a real Postgres: each owner's own, and those that others share."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.access import Actor, IdempotencyKey
from contracts.errors import ConflictError, InvalidError, NotFoundError
from contracts.registry.presets import (
    MOST_INPUT_BYTES,
    ChangePreset,
    CreatePreset,
    DeletePreset,
    FindPreset,
    ListPresets,
    PresetChanges,
    PresetSettings,
    PresetView,
)
from contracts.values import new_id
from runtime.postgres.engine import database
from runtime.testing.postgres import PostgresServer
from workflow_registry.adapters import sql_presets
from workflow_registry.adapters.sql_presets import SqlPresets
from workflow_registry.handlers import presets
from workflow_registry.service import Registry
from workflow_registry.settings import RegistrySettings

from .fakes import FakeRegistry

ANN, BOB = Actor(user_id=UUID(int=1)), Actor(user_id=UUID(int=2))
KEY = IdempotencyKey(key="k", body_digest="digest")


@pytest.fixture
async def engine(postgres: PostgresServer) -> AsyncGenerator[AsyncEngine, None]:
    url = SecretStr(await postgres.database_for("workflow-registry"))
    async with database(RegistrySettings(database_url=url, workflows_dir=Path())) as opened:
        yield opened


@pytest.fixture
def registry(engine: AsyncEngine) -> Registry:
    return replace(FakeRegistry().service, presets=SqlPresets(engine))


async def keep(
    registry: Registry,
    actor: Actor = ANN,
    key: IdempotencyKey | None = None,
    preset_id: UUID | None = None,
    **settings: Any,
) -> PresetView:
    inputs = {"cfg": 7.0, "text": "é"}
    chosen = PresetSettings.model_validate(
        {"name": "poster", "workflow": "solid@1", "inputs": inputs, **settings}
    )
    command = CreatePreset(
        actor=actor, preset_id=preset_id or new_id(), settings=chosen, idempotency=key
    )
    return await presets.create_preset(registry, command)


async def page(registry: Registry, actor: Actor = ANN, **query: Any) -> list[UUID]:
    asked = ListPresets.model_validate({"actor": actor, **query})
    return [preset.id for preset in (await presets.list_presets(registry, asked)).items]


async def find(registry: Registry, actor: Actor, preset_id: UUID) -> PresetView:
    return await presets.find_preset(registry, FindPreset(actor=actor, preset_id=preset_id))


async def test_a_preset_is_its_owners_until_it_is_shared(registry: Registry) -> None:
    kept = await keep(registry)
    assert await find(registry, ANN, kept.id) == kept
    with pytest.raises(NotFoundError):
        await find(registry, BOB, kept.id)
    assert await page(registry, BOB) == []

    shared = PresetChanges(is_shared=True, name="for all")
    command = ChangePreset(actor=ANN, preset_id=kept.id, changes=shared)
    changed = await presets.change_preset(registry, command)

    assert await find(registry, BOB, kept.id) == changed
    assert (changed.name, changed.inputs) == ("for all", kept.inputs)
    assert await page(registry, BOB) == await page(registry, BOB, is_own=False) == [kept.id]
    assert await page(registry, BOB, is_own=True) == []


async def test_only_its_owner_changes_and_deletes_it(registry: Registry) -> None:
    kept = await keep(registry, is_shared=True)
    theirs = ChangePreset(actor=BOB, preset_id=kept.id, changes=PresetChanges(name="x"))
    with pytest.raises(NotFoundError):
        await presets.change_preset(registry, theirs)
    await presets.delete_preset(registry, DeletePreset(actor=BOB, preset_id=kept.id))
    assert await find(registry, ANN, kept.id) == kept
    for _ in range(2):
        await presets.delete_preset(registry, DeletePreset(actor=ANN, preset_id=kept.id))
    with pytest.raises(NotFoundError):
        await find(registry, ANN, kept.id)


async def test_pages_are_newest_first_and_have_each_once(registry: Registry) -> None:
    kept = [(await keep(registry, workflow=f"w{number % 2}@3")).id for number in range(5)]
    asked, found = ListPresets(actor=ANN, limit=2), list[UUID]()
    while True:
        answer = await presets.list_presets(registry, asked)
        found += [preset.id for preset in answer.items]
        if answer.next_cursor is None:
            break
        asked = asked.model_copy(update={"cursor": answer.next_cursor})

    assert found == kept[::-1]
    assert await page(registry, workflow="w1") == [kept[3], kept[1]]
    with pytest.raises(InvalidError):
        await page(registry, cursor="nonsense")


async def test_a_repeat_makes_nothing_and_another_body_is_refused(registry: Registry) -> None:
    first = await keep(registry, key=KEY)
    assert await keep(registry, key=KEY) == first
    assert await keep(registry, preset_id=first.id) == first
    assert (await keep(registry, BOB, key=KEY)).id != first.id
    with pytest.raises(ConflictError):
        await keep(registry, key=IdempotencyKey(key="k", body_digest="other"))
    with pytest.raises(ConflictError):
        await keep(registry, BOB, preset_id=first.id)
    assert await page(registry) == [first.id]


async def test_a_key_counts_for_a_day(registry: Registry, engine: AsyncEngine) -> None:
    first = await keep(registry, key=KEY)
    async with engine.begin() as connection:
        older = text("UPDATE presets SET created_at = created_at - interval '25 hours'")
        await connection.execute(older)
    second = await keep(registry, key=KEY)

    assert second.id != first.id
    assert await keep(registry, key=KEY) == second


async def test_presets_are_bounded_in_number_and_bytes(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InvalidError):
        await keep(registry, inputs={"text": "x" * MOST_INPUT_BYTES})
    monkeypatch.setattr(sql_presets, "MOST_PRESETS", 1)
    await keep(registry)
    with pytest.raises(ConflictError):
        await keep(registry)
    await keep(registry, BOB)
