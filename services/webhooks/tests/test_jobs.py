"""The webhook of a single job is there before the job, and gets the event that ends it."""

from functools import partial

import pytest
from standardwebhooks import Webhook

from contracts.errors import ConflictError, InvalidError, NotFoundError
from contracts.scheduler.job_events import JobQueued
from contracts.scheduler.jobs import JobStatus
from contracts.values import new_id
from contracts.webhooks.endpoints import ListWebhooks
from contracts.webhooks.jobs import FindWebhookSecret, RegisterJobWebhook
from runtime.testing.ports import eventually
from runtime.testing.postgres import PostgresServer
from runtime.testing.receiver import a_receiver
from runtime.testing.servers import NatsServer

from .fleet import an_actor, completed, webhooks


async def test_the_end_of_the_job_is_told_once_and_signed_with_the_secret_of_its_owner(
    nats: NatsServer, postgres: PostgresServer
) -> None:
    actor, job_id = an_actor(), new_id()
    with a_receiver() as receiver:
        async with webhooks(nats, postgres) as fleet:
            register = RegisterJobWebhook(actor=actor, job_id=job_id, url=receiver.url)
            for _ in range(2):
                await fleet.gateway.call(register)
            over = completed(actor, fleet.clock(), job_id)
            queued = over.model_dump(exclude={"status", "version", "output_ids"})
            await fleet.publish(JobQueued(**queued, status=JobStatus.QUEUED, version=1))
            await fleet.complete(actor)
            await fleet.publish(over)
            await eventually(partial(fleet.have, actor, job_id, "delivered"))

            [request] = receiver.requests
            secret = (await fleet.gateway.call(FindWebhookSecret(actor=actor))).secret
            told = Webhook(secret).verify(request.body, request.headers)
            assert (told["type"], told["data"]["job_id"]) == ("job.completed", str(job_id))
            assert (await fleet.gateway.call(ListWebhooks(actor=actor))).items == []
            with pytest.raises(NotFoundError):
                await fleet.find(an_actor(), job_id)


async def test_a_private_address_and_the_id_of_another_are_refused(
    nats: NatsServer, postgres: PostgresServer
) -> None:
    async with webhooks(nats, postgres) as fleet:
        register = RegisterJobWebhook(actor=an_actor(), job_id=new_id(), url="http://10.0.0.1/")
        with pytest.raises(InvalidError) as refused:
            await fleet.gateway.call(register)
        assert [error.path for error in refused.value.errors] == ["webhook"]

        register = register.model_copy(update={"url": "https://a.example/"})
        await fleet.gateway.call(register)
        with pytest.raises(ConflictError):
            await fleet.gateway.call(register.model_copy(update={"actor": an_actor()}))
