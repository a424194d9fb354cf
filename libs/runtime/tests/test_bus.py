import asyncio
from contextlib import AsyncExitStack
from uuid import UUID

import pytest

from contracts.access import Limits
from contracts.auth.sessions import IssueToken, TokenView
from contracts.auth.users import FindUser, UserView
from contracts.errors import FieldError, ForbiddenError, NotFoundError, UnavailableError
from contracts.scheduler.claims import NodeBeat
from contracts.services import ServiceName
from contracts.values import new_id
from runtime.bus.client import Bus
from runtime.testing.ports import eventually
from runtime.testing.servers import NatsServer


async def connected(stack: AsyncExitStack, nats: NatsServer, service: ServiceName) -> Bus:
    return await stack.enter_async_context(
        Bus.connect(nats.url, service=service, password=nats.passwords[service])
    )


async def test_a_request_gets_the_answer_of_its_owner(nats: NatsServer) -> None:
    async with AsyncExitStack() as stack:
        gateway, auth = [await connected(stack, nats, name) for name in ("gateway", "auth")]
        limits = Limits()

        async def find(query: FindUser) -> UserView:
            return UserView(
                id=query.user_id,
                email="a@b.c",
                name="A",
                role="user",
                permissions=[],
                limits=limits,
            )

        await auth.serve(FindUser, find)
        user_id = new_id()

        assert (await gateway.call(FindUser(user_id=user_id))).id == user_id


async def test_an_error_arrives_as_its_kind_with_its_fields(nats: NatsServer) -> None:
    async with AsyncExitStack() as stack:
        gateway, auth = [await connected(stack, nats, name) for name in ("gateway", "auth")]
        wrong = FieldError(path="user_id", code="unknown", message="no such user")

        async def find(_query: FindUser) -> UserView:
            raise NotFoundError("no such user", code="user_unknown", errors=[wrong])

        await auth.serve(FindUser, find)

        with pytest.raises(NotFoundError) as caught:
            await gateway.call(FindUser(user_id=new_id()))
        assert (caught.value.code, caught.value.errors) == ("user_unknown", [wrong])


async def test_nobody_there_is_unavailable_in_time(nats: NatsServer) -> None:
    async with AsyncExitStack() as stack:
        gateway = await connected(stack, nats, "gateway")

        with pytest.raises(UnavailableError, match="auth does not answer"):
            await gateway.call(FindUser(user_id=new_id()), within=0.3)


async def test_a_request_waits_for_an_owner_that_starts_late(nats: NatsServer) -> None:
    async with AsyncExitStack() as stack:
        gateway, auth = [await connected(stack, nats, name) for name in ("gateway", "auth")]

        async def refuse(_command: IssueToken) -> TokenView:
            raise ForbiddenError("no", code="bad_credentials")

        call = asyncio.create_task(gateway.call(IssueToken(username="a", password="b")))
        await asyncio.sleep(0)
        await auth.serve(IssueToken, refuse)

        with pytest.raises(ForbiddenError):
            await call


async def test_signals_reach_their_receivers(nats: NatsServer) -> None:
    async with AsyncExitStack() as stack:
        agent, scheduler = [
            await connected(stack, nats, name) for name in ("node-agent", "scheduler")
        ]
        heard = list[UUID]()

        async def hear(beat: NodeBeat) -> None:
            heard.append(beat.node_id)

        await scheduler.subscribe(NodeBeat, hear)
        node_id = new_id()

        async def beaten() -> bool:
            await agent.signal(NodeBeat(node_id=node_id, claim=1, is_reachable=True))
            return node_id in heard

        await eventually(beaten)
