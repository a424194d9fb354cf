"""Presets over HTTP: kept, found, changed and deleted; a repeat keeps one."""

from typing import Any
from uuid import UUID, uuid4

from contracts.errors import NotFoundError
from contracts.message import Accepted
from contracts.registry.presets import (
    ChangePreset,
    CreatePreset,
    DeletePreset,
    FindPreset,
    ListPresets,
    PresetPage,
    PresetView,
)
from runtime.testing.servers import NatsServer

from .fleet import Fleet, a_fleet
from .owners import NOW

PRESET: dict[str, Any] = {"name": "poster", "workflow": "solid", "inputs": {"width": 64}}


class FakePresets:
    """Keeps presets as the registry does, without its rules."""

    def __init__(self) -> None:
        self.views: dict[UUID, PresetView] = {}
        self.keys: dict[str, UUID] = {}

    async def serve(self, fleet: Fleet) -> None:
        bus = fleet.registry
        await bus.serve(CreatePreset, self.create)
        await bus.serve(ChangePreset, self.change)
        await bus.serve(DeletePreset, self.delete)
        await bus.serve(FindPreset, self.find)
        await bus.serve(ListPresets, self.list)

    async def create(self, command: CreatePreset) -> PresetView:
        if key := command.idempotency:
            known = self.views.get(self.keys.setdefault(key.key, command.preset_id))
            if known:
                return known
        view = PresetView(
            id=command.preset_id,
            owner_id=command.actor.user_id,
            created_at=NOW,
            changed_at=NOW,
            **vars(command.settings),
        )
        self.views[view.id] = view
        return view

    async def change(self, command: ChangePreset) -> PresetView:
        changes = command.changes.model_dump(exclude_none=True)
        self.views[command.preset_id] = self.views[command.preset_id].model_copy(update=changes)
        return self.views[command.preset_id]

    async def delete(self, command: DeletePreset) -> Accepted:
        self.views.pop(command.preset_id, None)
        return Accepted()

    async def find(self, query: FindPreset) -> PresetView:
        if view := self.views.get(query.preset_id):
            return view
        raise NotFoundError("there is no such preset")

    async def list(self, query: ListPresets) -> PresetPage:
        found = [view for view in self.views.values() if query.workflow in (None, view.workflow)]
        return PresetPage(items=found[: query.limit])


async def test_a_preset_is_kept_shown_changed_and_deleted(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        await FakePresets().serve(fleet)
        client = fleet.client
        kept = await client.post("/v1/presets", json=PRESET)
        path = kept.headers["location"]
        changed = await client.patch(path, json={"is_shared": True})
        shown = await client.get(path)
        listed = await client.get("/v1/presets", params={"workflow": "solid", "is_own": True})
        none = await client.get("/v1/presets", params={"workflow": "txt2img"})
        deleted = await client.delete(path)
        gone = await client.get(path)

    assert kept.status_code == 201, kept.text
    assert path == f"/v1/presets/{kept.json()['id']}"
    assert changed.json() == kept.json() | {"is_shared": True}
    assert shown.json() == changed.json()
    assert listed.json()["items"] == [shown.json()]
    assert none.json()["items"] == []
    assert (deleted.status_code, gone.status_code) == (204, 404)


async def test_a_repeat_keeps_one_preset(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        await FakePresets().serve(fleet)
        key = {"Idempotency-Key": "k"}
        first = await fleet.client.post("/v1/presets", json=PRESET, headers=key)
        again = await fleet.client.post("/v1/presets", json=PRESET, headers=key)
        rejected = await fleet.client.post(
            "/v1/presets", json=PRESET, headers=key | {"Idempotency-Repeat": "reject"}
        )

    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert rejected.status_code == 409


async def test_nonsense_is_refused_by_field(nats: NatsServer) -> None:
    nonsense: list[dict[str, Any]] = [
        {"name": ""},
        {"workflow": "A B"},
        {"inputs": []},
        {"more": 1},
    ]
    async with a_fleet(nats) as fleet:
        answers = [
            await fleet.client.post("/v1/presets", json=PRESET | wrong) for wrong in nonsense
        ]
        unknown = await fleet.client.patch(f"/v1/presets/{uuid4()}", json={"name": "x" * 121})

    paths = [answer.json()["errors"][0]["path"] for answer in [*answers, unknown]]
    assert paths == ["name", "workflow", "inputs", "more", "name"]
