"""Asks the owner of a request until it answers or time is up."""

# nats-py is only partly typed; see client.py.
# pyright: reportUnknownMemberType=false

import asyncio
from typing import Any, TypeVar

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from opentelemetry.trace import SpanKind
from pydantic import BaseModel

from contracts.errors import ErrorBody, UnavailableError, from_wire
from contracts.message import Request
from runtime.process.telemetry import carry, span

A = TypeVar("A", bound=BaseModel)

FIRST_TRY_SECONDS = 2.0
NOBODY_THERE_SECONDS = (0.02, 0.05, 0.1, 0.2, 0.4)


async def call(client: Client, request: Request[A], within: float) -> A:
    """Return the owner's answer or raise the error that it raised."""
    with span(f"call {request.subject}", kind=SpanKind.CLIENT):
        message = await ask(client, request, asyncio.get_running_loop().time() + within)
    if kind := error_kind(message):
        raise from_wire(kind, ErrorBody.model_validate_json(message.data))
    answer = type(request).answer()
    return answer.model_validate_json(message.data)  # pyright: ignore[reportReturnType]


async def ask(client: Client, request: Request[Any], deadline: float) -> Msg:
    headers, address, body = carry(), request.address(), request.encode()
    tries = 0
    while (left := deadline - asyncio.get_running_loop().time()) > 0:
        patience = min(left, FIRST_TRY_SECONDS * 2**tries)
        try:
            return await client.request(address, body, patience, headers=headers)
        except nats.errors.NoRespondersError:
            pause = NOBODY_THERE_SECONDS[min(tries, len(NOBODY_THERE_SECONDS) - 1)]
            await asyncio.sleep(min(pause, left))
        except (nats.errors.TimeoutError, TimeoutError):
            pass
        except (nats.errors.Error, OSError):
            await asyncio.sleep(min(0.5, left))
        tries += 1
    raise UnavailableError(f"{type(request).owner()} does not answer", code="no_answer")


def error_kind(answer: Msg) -> str | None:
    """Return the kind of error that the owner raised, or None if it answered."""
    return dict[str, str](answer.headers or {}).get("Error-Kind")
