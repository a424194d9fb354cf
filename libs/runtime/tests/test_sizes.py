"""Messages that are too large for NATS arrive as an error, at once."""

from contextlib import AsyncExitStack

import pytest

from contracts.auth.sessions import IssueToken, TokenView
from contracts.auth.users import FindUser, UserView
from contracts.errors import FieldError, InvalidError, TooLargeError, UnavailableError
from contracts.message import Accepted
from contracts.topology import MAX_MESSAGE_BYTES
from contracts.values import new_id
from runtime.bus.client import Bus
from runtime.testing.servers import NatsServer

from .test_bus import connected

MUCH = "€" * MAX_MESSAGE_BYTES
"""Three times as many bytes as a message may have."""


def a_token(text: str) -> TokenView:
    return TokenView(
        user_id=new_id(),
        access_token=text,
        refresh_token="r",
        expires_in=1,
        refresh_expires_in=1,
    )


async def a_gateway_and_auth(stack: AsyncExitStack, nats: NatsServer) -> tuple[Bus, Bus]:
    return await connected(stack, nats, "gateway"), await connected(stack, nats, "auth")


async def test_an_answer_that_is_too_large_arrives_as_an_error(nats: NatsServer) -> None:
    async with AsyncExitStack() as stack:
        gateway, auth = await a_gateway_and_auth(stack, nats)

        async def issue(command: IssueToken) -> TokenView:
            return a_token(MUCH if command.username == "large" else "small")

        await auth.serve(IssueToken, issue)

        with pytest.raises(TooLargeError) as caught:
            await gateway.call(IssueToken(username="large", password="p"))
        assert caught.value.code == "too_large"
        assert (await gateway.call(IssueToken(username="a", password="p"))).access_token == "small"


async def test_a_request_that_is_too_large_is_an_error_before_it_is_sent(nats: NatsServer) -> None:
    async with AsyncExitStack() as stack:
        gateway, _ = await a_gateway_and_auth(stack, nats)
        command = IssueToken.model_construct(username="a", password=MUCH)

        with pytest.raises(TooLargeError):
            await gateway.call(command)


async def test_an_error_that_is_too_large_arrives_without_its_fields(nats: NatsServer) -> None:
    async with AsyncExitStack() as stack:
        gateway, auth = await a_gateway_and_auth(stack, nats)
        wrong = FieldError(path="user_id", code="unknown", message=MUCH)

        async def find(_: FindUser) -> UserView:
            raise InvalidError(MUCH, code="wrong", errors=[wrong])

        await auth.serve(FindUser, find)

        with pytest.raises(InvalidError) as caught:
            await gateway.call(FindUser(user_id=new_id()))
        assert (caught.value.code, caught.value.errors) == ("wrong", [])


async def test_an_answer_of_another_shape_is_unavailable(nats: NatsServer) -> None:
    async with AsyncExitStack() as stack:
        gateway, auth = await a_gateway_and_auth(stack, nats)

        async def find(_: FindUser) -> Accepted:
            return Accepted()

        await auth.serve(FindUser, find)

        with pytest.raises(UnavailableError) as caught:
            await gateway.call(FindUser(user_id=new_id()))
        assert caught.value.code == "bad_answer"


async def test_a_handler_that_makes_a_wrong_model_is_not_the_fault_of_the_caller(
    nats: NatsServer,
) -> None:
    async with AsyncExitStack() as stack:
        gateway, auth = await a_gateway_and_auth(stack, nats)

        async def find(_: FindUser) -> UserView:
            return UserView.model_validate({})

        await auth.serve(FindUser, find)

        with pytest.raises(UnavailableError) as caught:
            await gateway.call(FindUser(user_id=new_id()))
        assert caught.value.code == "bug"
