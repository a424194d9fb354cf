"""Mirrors signing keys and principals, so that a caller is checked without asking anybody."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from uuid import UUID

from contracts.auth.principals import Principal, SigningKey
from contracts.errors import UnavailableError
from contracts.services import KEYS, PRINCIPALS
from gateway.http.tokens import JwtTokens
from runtime.bus.bucket import Mirror
from runtime.process.service import Runtime


class Accounts:
    """`on_change` is called when any account changes."""

    def __init__(self, on_change: Callable[[], None]) -> None:
        self.tokens = JwtTokens()
        self._keys = Mirror(KEYS, SigningKey, on_change=self._renew_keys)
        self._principals = Mirror(PRINCIPALS, Principal, on_change=self._announce)
        self._on_change = on_change
        self._changed = asyncio.Event()
        self._known: dict[str, SigningKey] = {}

    def principal(self, user_id: UUID) -> Principal | None:
        """Return the account, if it exists. Raises UnavailableError while none is known."""
        if not self._principals.entries:
            raise UnavailableError("no account is published yet", retry_in=1)
        return self._principals.entries.get(str(user_id))

    def follow(self, runtime: Runtime) -> None:
        runtime.spawn(self._keys.follow(runtime.bus), name="keys")
        runtime.spawn(self._principals.follow(runtime.bus), name="principals")

    async def ready(self) -> None:
        await asyncio.gather(self._keys.ready.wait(), self._principals.ready.wait())

    async def wait_until(self, is_known: Callable[[], bool], seconds: float) -> None:
        """Wait until the accounts say so, at most so long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not is_known():
                    await self._changed.wait()

    def _announce(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
        self._on_change()

    def _renew_keys(self) -> None:
        """Renewed mirrors bring the same keys: verified tokens stay verified."""
        if self._keys.entries != self._known:
            self._known = dict(self._keys.entries)
            self.tokens.replace_keys(self._known)
