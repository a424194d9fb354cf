"""Auth as a whole, on real NATS and Postgres, seen from the gateway."""

import asyncio
import json
from base64 import urlsafe_b64decode
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from uuid import UUID

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from pydantic import SecretStr

from auth.app import run
from auth.settings import AuthSettings
from contracts.access import Actor, Permission
from contracts.auth.audit import AuditFact, AuditRecorded, ListAudit
from contracts.auth.keys import ApiKeysUsed, CreateApiKey, DeleteApiKey, ListApiKeys, NewApiKey
from contracts.auth.principals import Principal, SigningKey
from contracts.auth.sessions import EndSession, IssueToken, RefreshToken
from contracts.auth.users import FindUser
from contracts.errors import ForbiddenError
from contracts.services import KEYS, PRINCIPALS
from contracts.topology import stream_of
from contracts.values import new_id
from runtime.bus import event_stream
from runtime.bus.bucket import Mirror, read_keys
from runtime.bus.client import Bus
from runtime.bus.nats_config import PROVISIONER
from runtime.provision import administration, provision_nats
from runtime.testing.ports import eventually
from runtime.testing.postgres import PostgresServer
from runtime.testing.servers import NatsServer

LOGIN = IssueToken(username="root@example.com", password="correct horse")


@asynccontextmanager
async def auth(nats: NatsServer, database_url: str) -> AsyncGenerator[None, None]:
    settings = AuthSettings(
        nats_url=nats.url,
        nats_password=SecretStr(nats.passwords["auth"]),
        database_url=SecretStr(database_url),
        key_secret=SecretStr("k" * 16),
        admin_email="root@example.com",
        admin_password=SecretStr("correct horse"),
        password_cost=4,
    )
    service = asyncio.create_task(run(settings))
    try:
        yield
    finally:
        service.cancel()
        with suppress(asyncio.CancelledError):
            await service


@asynccontextmanager
async def gateway(nats: NatsServer) -> AsyncGenerator[Bus, None]:
    password = nats.passwords["gateway"]
    async with Bus.connect(nats.url, service="gateway", password=password) as bus:
        yield bus


@asynccontextmanager
async def following(bus: Bus) -> AsyncGenerator[tuple[Mirror[SigningKey], Mirror[Principal]], None]:
    keys, principals = Mirror(KEYS, SigningKey), Mirror(PRINCIPALS, Principal)
    tasks = [
        asyncio.create_task(keys.follow(bus)),
        asyncio.create_task(principals.follow(bus)),
    ]
    try:
        yield keys, principals
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_token_can_be_checked_with_the_published_keys_alone(
    nats: NatsServer, postgres: PostgresServer
) -> None:
    url = await postgres.database_for("auth")
    async with auth(nats, url), gateway(nats) as bus, following(bus) as (keys, principals):
        view = await bus.call(LOGIN)
        await eventually(lambda: str(view.user_id) in principals.entries)
        # the bucket may still hold what another test left until it is mended
        await eventually(lambda: len(keys.entries) == len(principals.entries) == 1)

        jwks = KeySet.import_key_set({"keys": [key.jwk for key in keys.entries.values()]})
        token = jwt.decode(view.access_token, jwks, algorithms=["Ed25519"])

        assert token.claims["sub"] == str(view.user_id)
        assert token.claims["iss"] == token.claims["aud"] == "comfyfleet"
        assert "users:write" in token.claims["permissions"]
        assert (await bus.call(FindUser(user_id=view.user_id))).role == "admin"


async def test_refresh_reuse_and_logout_over_the_bus(
    nats: NatsServer, postgres: PostgresServer
) -> None:
    async with auth(nats, await postgres.database_for("auth")), gateway(nats) as bus:
        first = await bus.call(LOGIN)
        second = await bus.call(RefreshToken(refresh_token=first.refresh_token))
        third = await bus.call(RefreshToken(refresh_token=second.refresh_token))
        with pytest.raises(ForbiddenError) as refused:
            await bus.call(RefreshToken(refresh_token=first.refresh_token))
        assert refused.value.code == "bad_refresh_token"
        with pytest.raises(ForbiddenError):
            await bus.call(RefreshToken(refresh_token=third.refresh_token))

        other = await bus.call(LOGIN)
        await bus.call(EndSession(refresh_token=other.refresh_token))
        with pytest.raises(ForbiddenError):
            await bus.call(RefreshToken(refresh_token=other.refresh_token))


async def test_gateways_learn_ended_sessions_and_the_rights_of_the_role(
    nats: NatsServer, postgres: PostgresServer
) -> None:
    url = await postgres.database_for("auth")
    async with auth(nats, url), gateway(nats) as bus, following(bus) as (_, principals):
        login = await bus.call(LOGIN)
        user = str(login.user_id)
        await eventually(lambda: user in principals.entries)
        assert "users:write" in (principals.entries[user].permissions or [])

        await bus.call(EndSession(refresh_token=login.refresh_token))

        claims = json.loads(urlsafe_b64decode(login.access_token.split(".")[1] + "=="))
        await eventually(lambda: principals.entries[user].ended_sessions == [UUID(claims["sid"])])


async def test_gateways_learn_of_keys_and_auth_of_their_use(
    nats: NatsServer, postgres: PostgresServer
) -> None:
    url = await postgres.database_for("auth")
    async with auth(nats, url), gateway(nats) as bus, following(bus) as (_, principals):
        user_id = (await bus.call(LOGIN)).user_id
        actor = Actor(user_id=user_id, permissions=frozenset(Permission))
        digest, key_id = "0" * 64, new_id()
        new = NewApiKey(name="a", scopes=[Permission.JOBS_RUN])
        await bus.call(
            CreateApiKey(
                actor=actor, key_id=key_id, user_id=user_id, key=new, prefix="cf_", digest=digest
            )
        )

        def digests() -> list[str]:
            found = principals.entries.get(str(user_id))
            return [key.digest for key in found.api_keys] if found else []

        async def is_used() -> bool:
            await bus.signal(ApiKeysUsed(key_ids=[key_id]))
            page = await bus.call(ListApiKeys(actor=actor, user_id=user_id))
            return page.items[0].last_used_at is not None

        await eventually(lambda: digests() == [digest])
        await eventually(is_used)
        await bus.call(DeleteApiKey(actor=actor, user_id=user_id, key_id=key_id))
        await eventually(lambda: digests() == [])


async def next_login(bus: Bus, after: int) -> AuditRecorded:
    async for event in event_stream.follow(bus, after):
        told = AuditRecorded.decode(event.subject, event.body)
        if told.fact == AuditFact.LOGGED_IN:
            return told
    raise AssertionError("the stream has no end")


async def test_a_login_is_an_event_of_the_audit_log(
    nats: NatsServer, postgres: PostgresServer
) -> None:
    async with auth(nats, await postgres.database_for("auth")), gateway(nats) as bus:
        _, before = await event_stream.bounds(bus)
        user_id = (await bus.call(LOGIN)).user_id
        told = await next_login(bus, before.sequence)

        assert (told.user_id, told.actor_id) == (user_id, user_id)
        page = await bus.call(ListAudit(actor=Actor(user_id=user_id), fact=[told.fact]))
        assert [entry.id for entry in page.items] == [told.entry_id]


async def test_two_replicas_share_one_key_and_every_session(
    nats: NatsServer, postgres: PostgresServer
) -> None:
    url = await postgres.database_for("auth")
    async with auth(nats, url), auth(nats, url), gateway(nats) as bus:
        logins = await asyncio.gather(*(bus.call(LOGIN) for _ in range(8)))
        repeats = [RefreshToken(refresh_token=login.refresh_token) for login in logins]

        answers = await asyncio.gather(*(bus.call(repeat) for repeat in repeats + repeats))

        assert len({answer.refresh_token for answer in answers}) == len(logins)
        headers = {answer.access_token.split(".")[0] for answer in answers}
        assert len(headers) == 1


async def test_a_wrong_password_is_forbidden(nats: NatsServer, postgres: PostgresServer) -> None:
    async with auth(nats, await postgres.database_for("auth")), gateway(nats) as bus:
        with pytest.raises(ForbiddenError) as refused:
            await bus.call(LOGIN.model_copy(update={"password": "wrong"}))

        assert refused.value.code == "bad_credentials"


async def test_buckets_that_were_lost_are_filled_at_once(
    nats: NatsServer, postgres: PostgresServer
) -> None:
    password = nats.passwords[PROVISIONER]
    async with auth(nats, await postgres.database_for("auth")), gateway(nats) as bus:
        user_id = (await bus.call(LOGIN)).user_id
        async with administration(nats.url, password) as jetstream:
            for bucket in (KEYS, PRINCIPALS):
                await jetstream.delete_stream(stream_of(bucket))
        await provision_nats(nats.url, password)

        async def are_filled() -> bool:
            keys = await read_keys(bus, KEYS, ">")
            return bool(keys) and await read_keys(bus, PRINCIPALS, ">") == {str(user_id)}

        await eventually(are_filled, within=30)
