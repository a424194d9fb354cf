"""The model files of a folder come in pages, and forms list them all."""

from runtime.testing.ports import eventually
from runtime.testing.servers import NatsServer

from .test_authoring import PATH, a_registry, publish_model


async def test_a_form_lists_all_pages_of_a_folder_in_order(nats: NatsServer) -> None:
    async with a_registry(nats) as (fleet, _, bus):
        for page, name in {10: "c.pth", 2: "b.pth", 0: "a.pth"}.items():
            await publish_model(bus, "upscale_models", name, page)

        async def is_whole() -> bool:
            schema = (await fleet.client.get(f"{PATH}/upscale/schema")).text
            places = [schema.find(name) for name in ("a.pth", "b.pth", "c.pth")]
            return -1 not in places and places == sorted(places)

        await eventually(is_whole)
