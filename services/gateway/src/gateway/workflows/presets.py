"""Endpoints of presets: inputs of a workflow under a name, own or shared."""

from typing import Annotated, TypeAlias
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response

from contracts.access import Actor, Permission
from contracts.registry import presets
from contracts.registry.presets import (
    ChangePreset,
    CreatePreset,
    DeletePreset,
    FindPreset,
    ListPresets,
    PresetPage,
    PresetView,
)
from contracts.values import new_id
from gateway.http.access import Allowed
from gateway.http.answers import refusals
from gateway.http.bodies import Body, Strict
from gateway.http.headers import MaybeIdempotencyKey, mark_created
from gateway.service import CurrentGateway

router = APIRouter(prefix="/v1/presets", tags=["presets"])

PresetId: TypeAlias = Annotated[UUID, Path(description="Id of the preset.")]


class PresetRequest(presets.PresetSettings, Strict):
    """A preset to keep."""


class PresetPatch(presets.PresetChanges, Strict):
    """Changes of a preset; a field that is left out, or null, stays."""


class PresetFilters(presets.PresetFilters, Strict):
    """Filters of the list of presets."""


@router.get("", summary="List presets", responses=refusals("database_away"))
async def list_presets(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.WORKFLOWS_READ)],
    filters: Annotated[PresetFilters, Query()],
) -> PresetPage:
    """One's own, and those that others share; newest first."""
    return await gateway.bus.call(ListPresets(actor=actor, **vars(filters)))


@router.post(
    "",
    status_code=201,
    summary="Keep a preset",
    responses=refusals("too_many_presets", "preset_id_taken", "too_big", "database_away"),
)
async def create_preset(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.JOBS_RUN)],
    preset: Body[PresetRequest],
    idempotency_key: MaybeIdempotencyKey,
    answer: Response,
) -> PresetView:
    """Its inputs are checked when a job is made of them, as the workflow may change."""
    command = CreatePreset(
        actor=actor, preset_id=new_id(), settings=preset, idempotency=idempotency_key
    )
    view = await gateway.bus.call(command)
    is_replay, path = view.id != command.preset_id, gateway.path(f"/v1/presets/{view.id}")
    mark_created(answer, path, is_replay=is_replay, key=idempotency_key)
    return view


@router.get("/{preset_id}", summary="Show a preset", responses=refusals("database_away"))
async def find_preset(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.WORKFLOWS_READ)],
    preset_id: PresetId,
) -> PresetView:
    """One's own, or one that another user shares."""
    return await gateway.bus.call(FindPreset(actor=actor, preset_id=preset_id))


@router.patch(
    "/{preset_id}", summary="Change a preset", responses=refusals("too_big", "database_away")
)
async def change_preset(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.JOBS_RUN)],
    preset_id: PresetId,
    changes: Body[PresetPatch],
) -> PresetView:
    """Only its owner may; for others it does not exist here, even if it is shared."""
    command = ChangePreset(actor=actor, preset_id=preset_id, changes=changes)
    return await gateway.bus.call(command)


@router.delete(
    "/{preset_id}",
    status_code=204,
    summary="Delete a preset",
    responses=refusals("database_away"),
)
async def delete_preset(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.JOBS_RUN)],
    preset_id: PresetId,
) -> None:
    """Jobs that were made of it stay. A preset of somebody else stays too."""
    await gateway.bus.call(DeletePreset(actor=actor, preset_id=preset_id))
