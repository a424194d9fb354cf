"""Presets: inputs of a workflow that a user keeps under a name, and may share with all users."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from contracts.access import IdempotencyKey, UserCommand, UserQuery
from contracts.message import Accepted
from contracts.values import Page, QueryText, ReferenceText

MOST_PRESETS = 500
"""Of one owner."""
MOST_INPUT_BYTES = 64 * 1024


class PresetSettings(BaseModel):
    """The content of a preset."""

    model_config = ConfigDict(frozen=True)

    name: QueryText = Field(min_length=1, max_length=120, description="Name for people.")
    workflow: ReferenceText = Field(
        max_length=80, description="`name` for the active version, or `name@version`."
    )
    inputs: dict[str, Any] = Field(
        default_factory=dict,
        max_length=500,
        description="Values by name of the input. Those that are left out have their defaults; all "
        "are checked when a job is made of them.",
    )
    is_shared: bool = Field(default=False, description="Whether all users see it and may use it.")


class PresetChanges(BaseModel):
    """Changes of a preset; a field that is left out, or null, stays."""

    model_config = ConfigDict(frozen=True)

    name: QueryText | None = Field(default=None, min_length=1, max_length=120, description="Name.")
    workflow: ReferenceText | None = Field(
        default=None, max_length=80, description="`name` or `name@version`."
    )
    inputs: dict[str, Any] | None = Field(
        default=None, max_length=500, description="All values by name of the input."
    )
    is_shared: bool | None = Field(
        default=None, description="Whether all users see it and may use it."
    )


class PresetView(PresetSettings):
    """A preset."""

    id: UUID = Field(description="Id of the preset.")
    owner_id: UUID = Field(description="The user who made it, and alone may change it.")
    created_at: datetime = Field(description="When it was made.")
    changed_at: datetime = Field(description="When it was changed last.")


class PresetPage(Page[PresetView]):
    """A page of presets."""


class CreatePreset(UserCommand[PresetView]):
    """Keep inputs of a workflow. A repeat returns the same preset.

    Errors: Conflict (`too_many_presets`, `preset_id_taken`), Invalid (`too_big`).
    """

    subject: ClassVar[str] = "command.registry.create_preset.v1"
    preset_id: UUID
    settings: PresetSettings
    idempotency: IdempotencyKey | None = None


class ChangePreset(UserCommand[PresetView]):
    """Change a preset of the actor. Errors: NotFound, Invalid (`too_big`)."""

    subject: ClassVar[str] = "command.registry.change_preset.v1"
    preset_id: UUID
    changes: PresetChanges


class DeletePreset(UserCommand[Accepted]):
    """Delete a preset of the actor; a repeat changes nothing."""

    subject: ClassVar[str] = "command.registry.delete_preset.v1"
    preset_id: UUID


class FindPreset(UserQuery[PresetView]):
    """Return a preset that is the actor's, or shared. Errors: NotFound."""

    subject: ClassVar[str] = "query.registry.find_preset.v1"
    preset_id: UUID


class PresetFilters(BaseModel):
    """Filters of the list of presets."""

    workflow: ReferenceText | None = Field(
        default=None, max_length=80, description="Presets of this workflow: its name."
    )
    is_own: bool | None = Field(
        default=None, description="True: only one's own; false: only those that others share."
    )
    limit: int = Field(default=50, ge=1, le=50, description="Presets on a page.")
    cursor: QueryText | None = Field(
        default=None, max_length=200, description="`next_cursor` of the page before."
    )


class ListPresets(PresetFilters, UserQuery[PresetPage]):
    """List the actor's presets and those that others share, newest first.

    Errors: Invalid (`bad_cursor`).
    """

    subject: ClassVar[str] = "query.registry.list_presets.v1"
