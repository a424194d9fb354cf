"""A result that may hold a graph is given to those alone who may read graphs."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts.access import Actor, Permission
from contracts.errors import ForbiddenError
from contracts.media.files import FindMedia, LocateContent
from contracts.media.library import ListMedia, ShareMedia
from contracts.message import Command, Query
from runtime.testing.postgres import PostgresServer
from runtime.testing.servers import NatsServer, S3Server

from .adapters.clips import SECRET
from .adapters.marked import png
from .adapters.pictures import decoded
from .adapters.records import a_grant, an_actor
from .fleet import Fleet, media

DAMAGED = png(1).replace(b"IEND", b"XEND")
"""A picture that decoders show, and that cannot be made bare: its last chunk has another name."""
ARCHIVE = b"PK\3\4" + SECRET.encode() + bytes(600)


def reader(user_id: UUID) -> Actor:
    return an_actor(user_id).model_copy(update={"permissions": frozenset({Permission.GRAPHS_READ})})


async def made(fleet: Fleet, owner_id: UUID, data: bytes) -> UUID:
    """Record a result that is to be bare, and return its media."""
    node_id = uuid4()
    grant = a_grant(node_id=node_id, owner_id=owner_id, is_bare=True)
    [output] = await fleet.results(grant, node_id, data)
    assert output.is_withheld
    return output.media_id


@pytest.mark.parametrize("data", [DAMAGED, ARCHIVE])
async def test_who_may_not_read_graphs_gets_the_content_in_no_way(
    data: bytes, nats: NatsServer, postgres: PostgresServer, s3: S3Server
) -> None:
    async with media(nats, postgres, s3) as fleet:
        owner = an_actor()
        media_id = await made(fleet, owner.user_id, data)
        [found] = (await fleet.gateway.call(FindMedia(actor=owner, media_ids=[media_id]))).items
        [listed] = (await fleet.gateway.call(ListMedia(actor=owner, limit=5))).items
        assert found.is_withheld
        assert listed.is_withheld
        requests: list[Query[Any] | Command[Any]] = [
            LocateContent(actor=owner, media_id=media_id),
            LocateContent(actor=owner, media_id=media_id, is_download=True),
            ShareMedia(actor=owner, media_id=media_id, link_id=uuid4(), lifetime_seconds=60),
            ShareMedia(
                actor=reader(owner.user_id),
                media_id=media_id,
                link_id=uuid4(),
                lifetime_seconds=60,
            ),
        ]
        for asked in requests:
            with pytest.raises(ForbiddenError, match="prompt and graph") as refused:
                await fleet.gateway.call(asked)
            assert refused.value.code == "withheld"
        assert await fleet.content(reader(owner.user_id), media_id) == data
        assert await fleet.content(None, media_id) == data  # by a URL of the gateway's


async def test_a_thumbnail_has_no_graph_and_is_given(
    nats: NatsServer, postgres: PostgresServer, s3: S3Server
) -> None:
    async with media(nats, postgres, s3) as fleet:
        owner = an_actor()
        media_id = await made(fleet, owner.user_id, DAMAGED)
        small = await fleet.content(owner, media_id, 256)
        assert decoded(small).size == (40, 30)
        assert SECRET.encode()[:8] not in small
