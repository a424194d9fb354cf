"""Handles presets: own ones are made, changed and deleted, and those that others share are seen."""

from typing import Any

from pydantic_core import to_json

from contracts.errors import InvalidError
from contracts.message import Accepted
from contracts.registry.presets import (
    MOST_INPUT_BYTES,
    ChangePreset,
    CreatePreset,
    DeletePreset,
    FindPreset,
    ListPresets,
    PresetPage,
    PresetView,
)
from contracts.values import fitting
from runtime.clock import now
from runtime.cursor import PLACE, Cursors
from workflow_registry.service import Registry

CURSORS = Cursors("presets", PLACE)


async def create_preset(registry: Registry, command: CreatePreset) -> PresetView:
    """Keep the preset; a repeat of the command, or of its key, returns the same one."""
    refuse_large(command.settings.inputs)
    created_at = now()
    preset = PresetView(
        id=command.preset_id,
        owner_id=command.actor.user_id,
        created_at=created_at,
        changed_at=created_at,
        **vars(command.settings),
    )
    return await registry.presets.add(preset, command.idempotency)


async def change_preset(registry: Registry, command: ChangePreset) -> PresetView:
    changes = command.changes.model_dump(exclude_none=True)
    refuse_large(command.changes.inputs or {})
    return await registry.presets.change(command.preset_id, command.actor.user_id, changes, now())


async def delete_preset(registry: Registry, command: DeletePreset) -> Accepted:
    await registry.presets.delete(command.preset_id, command.actor.user_id)
    return Accepted()


async def find_preset(registry: Registry, query: FindPreset) -> PresetView:
    return await registry.presets.find(query.preset_id, query.actor.user_id)


async def list_presets(registry: Registry, query: ListPresets) -> PresetPage:
    found = await registry.presets.page(query, CURSORS.read(query.cursor))
    items = fitting(found[: query.limit])
    last = items[-1] if len(found) > len(items) else None
    cursor = CURSORS.write((last.created_at, last.id)) if last else None
    return PresetPage(items=items, next_cursor=cursor)


def refuse_large(inputs: dict[str, Any]) -> None:
    if len(to_json(inputs)) > MOST_INPUT_BYTES:
        text = f"expected inputs of at most {MOST_INPUT_BYTES} bytes of JSON"
        raise InvalidError(text, code="too_big")
