"""A mask must fit the workflow's spec; a file that media converted is not refused for it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

from contracts.media.files import MaskOptions, MediaView
from contracts.values import MadeMask
from runtime.testing.ports import eventually
from runtime.testing.servers import NatsServer, S3Server

from .fleet import SHIPPED, Fleet, a_fleet, publish_workflow
from .store import FakeMedia, a_media

GRAPH = (SHIPPED / "composite.graph.json").read_text()
SPEC = (SHIPPED / "composite.yaml").read_text()
PLAIN = MadeMask(channel="luminance", invert=False, feather=0, smooth=False, blank=None)
EMPTY = PLAIN.model_copy(update={"blank": "empty"})
SOFT = PLAIN.model_copy(update={"invert": True, "feather": 4})
MASKS: list[tuple[str, MadeMask | None, str | None]] = [
    ("soft", SOFT, None),
    ("soft", PLAIN, "wrong_mask_options"),
    ("soft", None, "wrong_mask_options"),
    ("soft", SOFT.model_copy(update={"blank": "full"}), "full_mask"),
    ("composite", SOFT, None),
    ("composite", None, None),
    ("composite", EMPTY, "empty_mask"),
    ("lenient", EMPTY, None),
]
PICTURES: list[tuple[dict[str, Any], str | None]] = [
    ({"content_type": "image/png", "source_content_type": "image/jpeg"}, None),
    ({"content_type": "image/png"}, "wrong_type"),
    ({"content_type": "image/jpeg", "size_bytes": 2_000, "source_size_bytes": 900}, None),
    ({"content_type": "image/jpeg", "size_bytes": 2_000}, "too_big"),
]


@asynccontextmanager
async def a_fleet_with_specs(nats: NatsServer) -> AsyncGenerator[Fleet, None]:
    """`soft` sets options of its mask, `lenient` takes empty ones, `photos` small JPEGs only."""
    image = "image: {use: image,"
    async with a_fleet(nats) as fleet:
        for name, old, options in (
            ("soft", "mask: {use: mask,", "invert: true, feather: 4,"),
            ("photos", image, "accept: [image/jpeg], max_bytes: 1000,"),
            ("lenient", "mask: {use: mask,", "allow_empty: true,"),
        ):
            spec = SPEC.replace("name: composite", f"name: {name}")
            await publish_workflow(fleet.registry, name, spec.replace(old, old + options), GRAPH)

        async def is_known() -> bool:
            return (await fleet.client.get("/v1/workflows/lenient")).is_success

        await eventually(is_known)
        yield fleet


async def refusal(
    fleet: Fleet, media: FakeMedia, workflow: str, mask: MadeMask | None, **image: Any
) -> dict[str, Any]:
    """Return the reasons that refuse a job with such files; empty: it is accepted."""
    picture = a_media(uuid4(), fleet.user_id).model_copy(update=image)
    other = a_media(uuid4(), fleet.user_id)
    made = a_media(uuid4(), fleet.user_id, "mask").model_copy(update={"mask": mask})
    named: dict[str, MediaView] = {"image": picture, "overlay": other, "mask": made}
    media.known = {view.id: view for view in named.values()}
    inputs = {name: {"media": str(view.id)} for name, view in named.items()}
    answer = await fleet.post_job({"workflow": workflow, "inputs": inputs})
    return {} if answer.is_success else answer.json()["errors"][0]


async def test_a_job_takes_masks_made_as_its_workflow_wants_them(nats: NatsServer) -> None:
    async with a_fleet_with_specs(nats) as fleet:
        media = FakeMedia(fleet.media)
        await media.serve()
        for workflow, mask, code in MASKS:
            found = await refusal(fleet, media, workflow, mask)
            assert found.get("code") == code, (workflow, mask)
            assert found.get("path", "inputs.mask") == "inputs.mask"
            if code == "wrong_mask_options":
                assert "invert=true&feather=4" in found["message"]


async def test_what_media_converts_by_itself_is_judged_as_it_came_too(nats: NatsServer) -> None:
    async with a_fleet_with_specs(nats) as fleet:
        media = FakeMedia(fleet.media)
        await media.serve()
        for image, code in PICTURES:
            found = await refusal(fleet, media, "photos", None, **image)
            assert found.get("code") == code, image


async def test_a_mask_for_a_workflow_is_made_as_its_spec_says(
    nats: NatsServer, s3: S3Server
) -> None:
    async with a_fleet_with_specs(nats) as fleet:
        media = FakeMedia(fleet.media, s3)
        await media.serve()
        wanted = {"kind": "mask", "workflow": "soft", "input": "mask"}

        async def upload(**fields: str) -> tuple[int, list[dict[str, Any]]]:
            files = {"file": ("a.png", b"x")}
            answer = await fleet.client.post("/v1/media", files=files, data=wanted | fields)
            return answer.status_code, answer.json().get("errors", [])

        assert (await upload())[0] == 201
        assert (await upload(feather="9"))[0] == 201
        assert [made.mask for made in media.accepted] == [
            MaskOptions(invert=True, feather=4),
            MaskOptions(invert=True, feather=9),
        ]
        for fields, status, path in (
            ({"input": "image"}, 422, "input"),
            ({"kind": "image"}, 422, "workflow"),
            ({"workflow": "nothing"}, 404, "workflow"),
        ):
            code, errors = await upload(**fields)
            assert (code, errors[0]["path"]) == (status, path)
