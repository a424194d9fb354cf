"""Batches through a real gateway and a real bus."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from contracts.errors import UnavailableError
from contracts.media.files import FindMedia, MediaList
from contracts.scheduler.batches import job_ids
from gateway.batches import submission
from runtime.testing.ports import eventually
from runtime.testing.servers import NatsServer

from .batches import a_batch_fleet, post
from .store import a_media

UNCLEAR: list[dict[str, Any]] = [
    {},
    {"count": 2, "grid": {"steps": [1]}},
    {"count": 1_001},
    {"count": 0},
    {"items": []},
    {"items": [{"inputs": {}}] * 1_001},
    {"grid": {"steps": []}},
    {"grid": {"steps": [1] * 40, "seed": [1] * 40}},
    {"grid": {"steps": [1]}, "inputs": {"steps": 1}},
    {"items": [{"inputs": {}, "priority": "batch"}]},
    {"items": [{"inputs": {"text": "\0"}}]},
    {"count": 2, "deadline": (datetime.now(UTC) - timedelta(days=1)).isoformat()},
]


def paths(answer: httpx.Response) -> list[str]:
    return [error["path"] for error in answer.json()["errors"]]


async def test_a_list_of_items_is_one_command_in_which_shared_values_stand_once(
    nats: NatsServer,
) -> None:
    async with a_batch_fleet(nats) as (fleet, batches):
        given = ({"text": "red"}, {"text": "blue"}, {"text": "red", "lora": "b", "seed": 7})
        answer = await post(
            fleet,
            inputs={"lora": "a", "steps": 5},
            items=[{"inputs": inputs} for inputs in given],
            labels={"project": "poster"},
        )

        assert answer.status_code == 201, answer.text
        batch, sent = answer.json(), batches.newest
        assert answer.headers["location"] == f"/v1/batches/{batch['id']}"
        assert batch["job_ids"] == [str(id_) for id_ in job_ids(sent.batch_id, 3)]
        assert (batch["job_count"], batch["job_count_by_status"]["queued"]) == (3, 3)
        assert (batch["labels"], batch["workflow"]) == ({"project": "poster"}, "draw@1")
        assert sent.template.inputs == {"steps": 5, "image": None}
        assert [item.inputs["text"] for item in sent.items] == ["red", "blue", "red"]
        drawn = [item.seed for item in sent.items]
        assert drawn[2] == 7
        assert len({*drawn}) == 3
        assert [item.inputs["seed"] for item in sent.items] == drawn
        assert [item.requirements for item in sent.items] == [0, 0, 1]
        names = [sorted(model.name for model in one.models) for one in sent.requirements]
        assert names == [["a"], ["b"]]
        jobs = await fleet.client.get(batch["links"]["jobs"])
        assert {job["batch_id"] for job in jobs.json()["items"]} == {batch["id"]}


async def test_a_grid_crosses_its_values_the_last_one_fastest(nats: NatsServer) -> None:
    async with a_batch_fleet(nats) as (fleet, batches):
        grid = {"steps": [4, 8], "lora": ["a", "b", "c"]}
        answer = await post(fleet, inputs={"seed": 1}, grid=grid, if_unrunnable="refuse")

        assert answer.status_code == 201
        assert batches.newest.if_unrunnable == "refuse"
        found = [(item.inputs["steps"], item.inputs["lora"]) for item in batches.newest.items]
        assert found == [(steps, lora) for steps in (4, 8) for lora in "abc"]
        assert batches.newest.template.inputs["seed"] == 1


async def test_a_count_draws_a_seed_for_each_job_and_refuses_equal_jobs(nats: NatsServer) -> None:
    async with a_batch_fleet(nats) as (fleet, batches):
        answer = await post(fleet, count=5)
        given = await post(fleet, inputs={"seed": 1}, count=5)
        seedless = await post(fleet, workflow="solid", count=2)
        single = await post(fleet, workflow="solid", count=1)

        assert answer.status_code == 201
        assert len({item.seed for item in batches.submitted[UUID(answer.json()["id"])].items}) == 5
        assert [given.status_code, seedless.status_code, single.status_code] == [422, 422, 201]
        assert given.json()["errors"][0]["code"] == "no_seed"


async def test_a_request_that_names_no_clear_jobs_is_refused(nats: NatsServer) -> None:
    async with a_batch_fleet(nats) as (fleet, batches):
        answers = [(await post(fleet, **body)).status_code for body in UNCLEAR]

        assert answers == [422] * len(UNCLEAR)
        assert not batches.submitted


async def test_errors_name_the_items_and_nothing_is_accepted(nats: NatsServer) -> None:
    async with a_batch_fleet(nats) as (fleet, batches):
        given: list[dict[str, int]] = [{}, {"steps": 10}, {"step": 1}]
        wrong = await post(fleet, items=[{"inputs": inputs} for inputs in given])
        many = await post(fleet, grid={"steps": [99] * 500})
        alike = await post(fleet, inputs={"steps": 99}, count=500)

        assert wrong.status_code == 422
        assert paths(wrong) == ["items.1.inputs.steps", "items.2.inputs.step"]
        assert len(paths(many)) == 100
        assert paths(alike) == ["inputs.steps"]
        assert not batches.submitted


async def test_media_of_all_items_are_asked_for_a_hundred_at_one_time(
    nats: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submission, "MAX_MEDIA", 150)
    async with a_batch_fleet(nats) as (fleet, batches):
        known = [a_media(uuid4(), fleet.user_id) for _ in range(150)]
        asked: list[int] = []

        async def find(request: FindMedia) -> MediaList:
            asked.append(len(request.media_ids))
            return MediaList(items=[one for one in known if one.id in request.media_ids])

        await fleet.media.serve(FindMedia, find)
        images = [{"media": str(one.id)} for one in known]
        answer = await post(fleet, items=[{"inputs": {"image": image}} for image in images * 2])
        stranger = {"media": str(uuid4())}
        refused = await post(fleet, grid={"image": [images[0], stranger]})
        too_many = await post(fleet, grid={"image": [*images, stranger]})

        assert answer.status_code == 201
        assert asked[:2] == [100, 50]
        assert [item.media for item in batches.newest.items][:150] == [[one.id] for one in known]
        assert (refused.status_code, paths(refused)) == (422, ["items.1.inputs.image"])
        assert too_many.json()["errors"][0]["code"] == "too_many_media"


async def test_a_batch_that_fits_into_no_message_says_how_many_items_would(
    nats: NatsServer,
) -> None:
    async with a_batch_fleet(nats, max_body_bytes=4 * 1024**2) as (fleet, batches):
        items = [{"inputs": {"text": f"{n} {'x' * 20_000}"}} for n in range(100)]
        different = await post(fleet, items=items)
        shared = await post(fleet, inputs={"text": "x" * 100_000}, count=1_000)
        fits = await post(fleet, inputs={"text": "x" * 10_000}, count=1_000)

        assert (different.status_code, shared.status_code) == (413, 413)
        assert "submit about 52 at one time" in different.json()["detail"]
        assert "submit about 166 at one time" in shared.json()["detail"]
        assert fits.status_code == 201
        assert len(batches.newest.items) == 1_000


async def test_a_repeat_with_the_same_key_replays_the_batch_even_if_it_would_be_refused(
    nats: NatsServer,
) -> None:
    async with a_batch_fleet(nats) as (fleet, batches):
        deadline = datetime.now(UTC) + timedelta(seconds=3)
        body: dict[str, Any] = {"count": 2, "deadline": deadline.isoformat()}
        first = await post(fleet, "k", **body)
        await eventually(lambda: datetime.now(UTC) > deadline)
        again = await post(fleet, "k", **body)
        other = await post(fleet, "k", count=3)

        assert (first.status_code, again.status_code) == (201, 201)
        assert again.json() == first.json()
        assert "idempotency-replayed" not in first.headers
        assert again.headers["idempotency-replayed"] == "true"
        assert other.status_code == 409
        assert len(batches.submitted) == 1


async def test_a_full_queue_refuses_the_batch(nats: NatsServer) -> None:
    async with a_batch_fleet(nats) as (fleet, batches):
        batches.refusal = UnavailableError("no", code="too_many_waiting", retry_in=5)
        full = await post(fleet, count=2)
        await fleet.has_user(fleet.user_id, limits={"storage_bytes": 0})

        async def is_refused() -> bool:
            return (await post(fleet, count=2)).status_code == 403

        assert (full.status_code, full.headers["retry-after"]) == (429, "5")
        await eventually(is_refused)


async def test_a_batch_is_shown_listed_and_canceled_by_its_owner_alone(nats: NatsServer) -> None:
    async with a_batch_fleet(nats) as (fleet, _):
        made = (await post(fleet, count=2)).json()
        path, other = f"/v1/batches/{made['id']}", uuid4()
        await fleet.has_new_user(other)
        theirs = fleet.signer.token(other, ["jobs:run"])
        stranger = {"Authorization": f"Bearer {theirs}"}

        async def is_known() -> bool:
            return (await fleet.client.get("/v1/batches", headers=stranger)).is_success

        await eventually(is_known)
        shown = await fleet.client.get(path)
        listed = await fleet.client.get("/v1/batches?limit=1")

        assert shown.json() == made
        assert listed.json()["items"] == [
            {name: value for name, value in made.items() if name != "job_ids"}
        ]
        for method, place in (("GET", path), ("POST", f"{path}/cancel")):
            answer = await fleet.client.request(method, place, headers=stranger)
            assert answer.status_code == 404
        reader = fleet.headers(["jobs:read"])
        assert (await fleet.client.post(f"{path}/cancel", headers=reader)).status_code == 403
        canceled = await fleet.client.post(f"{path}/cancel")
        assert canceled.status_code == 200
        assert canceled.json()["job_count_by_status"]["canceled"] == 2
        again = await fleet.client.post(f"{path}/cancel")
        assert again.status_code == 200
