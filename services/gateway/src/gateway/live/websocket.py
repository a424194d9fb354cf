"""Speaks WebSocket: the frames of event streams as messages, and previews as pictures.

The token comes as a subprotocol, `bearer.<token>`: browsers cannot set a header here, and what
stands in a URL ends up in logs. No cookie is read, so the page of another site has no more rights
than its own program, and `Origin` needs no check. A refusal is a close code: 4000 and the status
that an HTTP request would get, with the code of the problem as reason.
"""

import asyncio
import math
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from typing import Annotated, Literal, TypeAlias
from uuid import UUID

import structlog
from fastapi import APIRouter, WebSocket
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import to_json
from starlette.websockets import WebSocketDisconnect

from contracts.access import Actor, Permission
from contracts.agent import JobWatched, OwnerWatched
from contracts.errors import OperationError
from gateway.http.access import AdmittedCaller, bearer_token
from gateway.http.problems import RefusedError, from_operation
from gateway.http.sockets import IS_TEXT
from gateway.http.streaming import ABORT, SEND_SECONDS
from gateway.live.batch_streams import open_batch_stream
from gateway.live.facts import ENDINGS, PICTURE
from gateway.live.frames import Frame, last_seen, message
from gateway.live.streams import OpenStream, Reader, open_job_stream, open_owner_stream
from gateway.service import Gateway

log = structlog.get_logger()

SUBPROTOCOL = "comfyfleet.v1"
TOKEN = "bearer."  # noqa: S105  # begins the subprotocol that is a token
FIRST_SECONDS = 10.0
"""Time in which a client must say what it follows."""
FINISHED, COME_BACK = 1000, 1012
REFUSED = 4000
router = APIRouter(prefix="/v1")


class Subscribe(BaseModel):
    """The first message of a client: what it follows, and after which event."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["subscribe"]
    topic: Literal["jobs", "job", "batch"] = Field(
        default="jobs", description="All of one's jobs, one job, or the jobs of a batch."
    )
    id: UUID | None = Field(default=None, description="Id of the job or batch.")
    last_event_id: str | None = Field(
        default=None, max_length=40, description="The last `id` that the client received."
    )
    previews: bool = Field(default=True, description="Whether to send previews.")


class Renew(BaseModel):
    """Has the connection go on with a fresh token of its user."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["token"]
    token: str = Field(description="An access token.")


MESSAGE: TypeAdapter[Subscribe | Renew] = TypeAdapter(
    Annotated[Subscribe | Renew, Field(discriminator="type")]
)
Ending: TypeAlias = tuple[int, str]
"""A close code and a reason."""


@router.websocket("/ws")
async def follow(socket: WebSocket) -> None:
    """Accept, so that the client learns of a refusal: browsers do not show that of a handshake."""
    offered = socket.scope["subprotocols"]
    await socket.accept(SUBPROTOCOL if SUBPROTOCOL in offered else None)
    with suppress(WebSocketDisconnect):
        code, reason = await ending_of(Conversation(socket.app.state.gateway, socket))
        await socket.close(code, reason)


async def ending_of(conversation: "Conversation") -> Ending:
    """Serve until the end, and return how the connection is closed."""
    try:
        return await conversation.run()
    except RefusedError as error:
        return REFUSED + error.status, error.code
    except OperationError as error:
        refused = from_operation(error)
        return REFUSED + refused.status, refused.code


class RenewedCaller:
    """The caller with the newest token."""

    def __init__(self, admitted: AdmittedCaller) -> None:
        self.admitted = admitted

    @property
    def actor(self) -> Actor:
        return self.admitted.actor

    def seconds_left(self) -> float:
        return self.admitted.seconds_left()


class Conversation:
    """One connection: what its client says, and what it is told."""

    def __init__(self, gateway: Gateway, socket: WebSocket) -> None:
        self._gateway = gateway
        self._socket = socket
        self._turn = asyncio.Lock()
        """A message is sent as a whole, and another task may have one."""

    async def run(self) -> Ending:
        caller = RenewedCaller(self._admit(token_of(self._socket)))
        try:
            async with asyncio.timeout(FIRST_SECONDS):
                wish = await self._hear()
        except TimeoutError:
            return REFUSED + 408, "too_slow"
        if isinstance(wish, Renew):
            return invalid("expected a message `subscribe`")
        stream = await open_stream(self._gateway, caller, wish)
        if stream is None:
            return FINISHED, "finished"
        async with stream.held:
            hearing = asyncio.create_task(self._renew(caller))
            telling = asyncio.create_task(self._tell(stream.frames, caller, wish.topic))
            try:
                await asyncio.wait((hearing, telling), return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in (hearing, telling):
                    task.cancel()
                done = await asyncio.gather(hearing, telling, return_exceptions=True)
        return result_of(done)

    def _admit(self, token: str) -> AdmittedCaller:
        return self._gateway.access.admit_token(token, Permission.JOBS_READ)

    async def _hear(self) -> Subscribe | Renew:
        """Return the next message. RefusedError (422) if it cannot be read."""
        received = await self._socket.receive()
        if received["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(received.get("code", 1006))
        try:
            return MESSAGE.validate_json(received.get("text") or b"")
        except ValidationError as error:
            raise RefusedError(422, "malformed", "the message cannot be read") from error

    async def _renew(self, caller: RenewedCaller) -> Ending:
        """Take fresh tokens until the client leaves or says something else."""
        while isinstance(said := await self._hear(), Renew):
            fresh = self._admit(said.token)
            if fresh.actor.user_id != caller.actor.user_id:
                return invalid("expected a token of the same user")
            caller.admitted = fresh
            left = to_json({"seconds_left": whole_seconds(fresh.seconds_left())})
            accepted = Frame("token.accepted", left)
            await self._send(accepted.name, message(accepted))
        return invalid("a connection follows one topic")

    async def _tell(
        self, frames: AsyncGenerator[Frame, None], caller: Reader, topic: str
    ) -> Ending:
        last = ""
        async with aclosing(frames):
            async for frame in frames:
                last, content = frame.name, message(frame)
                del frame  # a client that does not read holds one copy
                await self._send(last, content)
        if last == "batch.finished" or (topic == "job" and last in ENDINGS):
            return FINISHED, "finished"
        if not caller.seconds_left():
            return REFUSED + 401, "unauthorized"
        return COME_BACK, "come back"

    async def _send(self, name: str, content: bytes | None) -> None:
        """Send a message; drop the connection of a client that does not take it in time."""
        if content is None:
            return
        sent = {"type": "websocket.send", "bytes": content, IS_TEXT: name != PICTURE}
        del content
        try:
            async with asyncio.timeout(SEND_SECONDS), self._turn:
                await self._socket.send(sent)
        except TimeoutError as error:
            log.info("client_cut_off", path=self._socket.scope["path"][:200])
            self._socket.scope[ABORT]()
            raise WebSocketDisconnect from error


def result_of(done: Sequence[Ending | BaseException]) -> Ending:
    """Return how the connection ends; raise the error that ended it."""
    for ending in done:
        if not isinstance(ending, BaseException):
            return ending
    errors = (one for one in done if isinstance(one, BaseException))
    raise next(error for error in errors if not isinstance(error, asyncio.CancelledError))


def whole_seconds(left: float) -> int | None:
    """Return None for access without an end."""
    return int(left) if math.isfinite(left) else None


def invalid(reason: str) -> Ending:
    return REFUSED + 422, f"invalid: {reason}"


def token_of(socket: WebSocket) -> str:
    """Return the token of the subprotocols, or of `Authorization` for other clients."""
    for offered in socket.scope["subprotocols"]:
        if offered.startswith(TOKEN):
            return offered.removeprefix(TOKEN)
    return bearer_token(socket)


async def open_stream(gateway: Gateway, caller: Reader, wish: Subscribe) -> OpenStream | None:
    """Open what the client follows; None if it has been told all."""
    if (wish.id is None) != (wish.topic == "jobs"):
        raise RefusedError(422, "invalid", "expected `id` for a job or batch alone")
    if wish.id is None:
        opened = await open_owner_stream(
            gateway, caller, wish.last_event_id, previews=wish.previews
        )
        watched = OwnerWatched(owner_id=caller.actor.user_id)
    elif wish.topic == "batch":
        return await open_batch_stream(gateway, caller, wish.id, wish.last_event_id)
    else:
        seen = last_seen(wish.last_event_id)
        opened = await open_job_stream(gateway, caller, wish.id, seen, previews=wish.previews)
        watched = JobWatched(job_id=wish.id)
    if wish.previews:
        await gateway.bus.signal(watched)
    return opened
