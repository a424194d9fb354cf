"""Answers requests as their owner: decodes each, calls its handler, replies or reports why not."""

# nats-py is only partly typed; see client.py.
# pyright: reportUnknownMemberType=false

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

import nats.errors
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from opentelemetry.trace import SpanKind
from pydantic import BaseModel, ValidationError
from pydantic_core import from_json

from contracts.errors import ErrorBody, InvalidError, OperationError, UnavailableError
from contracts.field_errors import field_errors
from contracts.message import Request
from runtime.bus.connection import leave
from runtime.bus.replies import fits, refuse_too_large
from runtime.process.telemetry import span

log = structlog.get_logger()

R = TypeVar("R", bound=Request[Any])

SHORT_ERROR_CHARACTERS = 1_000


class Answerer(Generic[R]):
    """Answers one class of requests with one handler and bounded concurrency."""

    def __init__(
        self,
        request: type[R],
        handle: Callable[[R], Awaitable[BaseModel]],
        concurrency: int,
        largest_bytes: Callable[[], int],
    ) -> None:
        self._request = request
        self._handle = handle
        self._largest_bytes = largest_bytes
        self._free = asyncio.Semaphore(concurrency)
        self._in_progress: set[asyncio.Task[None]] = set()
        self._subscription: Subscription | None = None

    async def start(self, client: Client, pattern: str, queue: str, pending: int) -> None:
        self._subscription = await client.subscribe(
            pattern, queue=queue, cb=self._take, pending_msgs_limit=pending
        )

    async def stop(self) -> None:
        """Take no more requests, and wait up to 10 s for those being handled."""
        if self._subscription:
            await leave(self._subscription)
        if self._in_progress:
            await asyncio.wait(self._in_progress, timeout=10)

    async def _take(self, message: Msg) -> None:
        if not self._request.is_published_to(message.subject):
            log.warning("request_forged", subject=self._request.subject, by=message.subject)
            return
        await self._free.acquire()
        task = asyncio.create_task(self._answer(message))
        self._in_progress.add(task)
        task.add_done_callback(self._release)

    def _release(self, task: asyncio.Task[None]) -> None:
        self._in_progress.discard(task)
        self._free.release()

    async def _answer(self, message: Msg) -> None:
        headers = message.headers or {}
        with span(f"answer {self._request.subject}", kind=SpanKind.SERVER, parent=headers):
            try:
                body = await self._body(message)
            except OperationError as error:
                await self._reply_error(message, error)
            except Exception:
                log.exception("request_failed", subject=self._request.subject)
                await self._reply_error(message, UnavailableError("internal error", code="bug"))
            else:
                await reply(message, body)

    async def _body(self, message: Msg) -> bytes:
        try:
            request = self._request.decode(message.subject, message.data)
        except ValidationError as error:
            raise malformed(error, message.data) from error
        body = (await self._handle(request)).model_dump_json().encode()
        refuse_too_large(self._request.subject, body, self._largest_bytes())
        return body

    async def _reply_error(self, message: Msg, error: OperationError) -> None:
        """Send the error; one that is too large goes without its fields and the end of its text."""
        body = error.body()
        encoded = body.model_dump_json().encode()
        if not fits(encoded, self._largest_bytes()):
            text = body.message[:SHORT_ERROR_CHARACTERS]
            short = ErrorBody(code=body.code, message=text, retry_in=body.retry_in)
            encoded = short.model_dump_json().encode()
        await reply(message, encoded, {"Error-Kind": error.kind})


async def reply(message: Msg, body: bytes, headers: dict[str, str] | None = None) -> None:
    """Send the answer. If the connection is lost, the caller asks again."""
    if not message.reply:
        return
    try:
        client: Client = message._client  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  (Msg.respond sends no headers)
        await client.publish(message.reply, body, headers=headers)
    except nats.errors.Error as error:
        log.warning("answer_lost", reason=str(error) or type(error).__name__)


def malformed(error: ValidationError, body: bytes) -> InvalidError:
    """Return an error that names each field that breaks the contract of its message."""
    try:
        value = from_json(body)
    except ValueError:
        value = None
    errors = field_errors(error.errors(include_input=False, include_url=False), value)
    return InvalidError("the message breaks its contract", code="malformed", errors=errors)
