"""A bucket of accounts or keys that is lost, or not filled yet, refuses nobody for good."""

from uuid import uuid4

import pytest

from contracts.errors import UnavailableError
from contracts.services import KEYS, PRINCIPALS
from contracts.topology import stream_of
from gateway.http.tokens import JwtTokens
from gateway.sessions.accounts import Accounts
from runtime.bus import ordered
from runtime.bus.nats_config import PROVISIONER
from runtime.provision import administration, provision_nats
from runtime.testing.servers import NatsServer

from .fleet import a_fleet
from .keys import Signer
from .sse import following


async def test_callers_and_streams_outlive_the_loss_of_their_buckets(
    nats: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ordered, "RENEW_SECONDS", 0.1)
    monkeypatch.setattr(ordered, "POLL_SECONDS", 0.1)
    password = nats.passwords[PROVISIONER]
    async with a_fleet(nats) as fleet:
        job = fleet.scheduler.add(fleet.user_id)
        async with following(fleet.client, f"/v1/jobs/{job.id}/events") as stream:
            await stream.next()
            async with administration(nats.url, password) as jetstream:
                for bucket in (KEYS, PRINCIPALS):
                    await jetstream.delete_stream(stream_of(bucket))
            await provision_nats(nats.url, password)
            await fleet.has_new_user(uuid4())  # the gateway has read the new bucket

            assert (await fleet.client.get("/v1/workflows")).status_code == 200
            await fleet.scheduler.start(job.id)
            assert (await stream.next()).name == "job.started"


def test_before_any_account_is_published_nobody_is_refused_for_good() -> None:
    user_id = uuid4()
    with pytest.raises(UnavailableError):
        JwtTokens().verify(Signer().token(user_id), 0.0)
    with pytest.raises(UnavailableError):
        Accounts(lambda: None).principal(user_id)
