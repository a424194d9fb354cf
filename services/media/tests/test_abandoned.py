"""An upload that failed counts against no quota."""

from uuid import uuid4

import pytest

from contracts.access import Limits
from contracts.errors import ForbiddenError, NotFoundError
from contracts.media.files import AbandonUpload, AcceptUpload, BeginUpload
from runtime.testing.postgres import PostgresServer
from runtime.testing.servers import NatsServer, S3Server

from .adapters.records import an_actor
from .fleet import media


async def test_an_abandoned_upload_frees_its_quota_and_is_over(
    nats: NatsServer, postgres: PostgresServer, s3: S3Server
) -> None:
    async with media(nats, postgres, s3) as fleet:
        actor = an_actor().model_copy(update={"limits": Limits(storage_bytes=1_000)})
        first, second = (
            BeginUpload(actor=actor, media_id=uuid4(), size_bytes=900) for _ in range(2)
        )
        await fleet.gateway.call(first)
        with pytest.raises(ForbiddenError):
            await fleet.gateway.call(second)
        stranger = AbandonUpload(actor=an_actor(), media_id=first.media_id)
        await fleet.gateway.call(stranger)
        with pytest.raises(ForbiddenError):
            await fleet.gateway.call(second)
        for _ in range(2):
            await fleet.gateway.call(AbandonUpload(actor=actor, media_id=first.media_id))
        await fleet.gateway.call(second)

        with pytest.raises(NotFoundError):
            await fleet.accept(AcceptUpload(actor=actor, media_id=first.media_id, kind="file"))
