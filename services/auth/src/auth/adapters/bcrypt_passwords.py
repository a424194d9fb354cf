"""Hashes passwords by bcrypt in a few threads of its own.

bcrypt reads at most 72 bytes and stops at a NUL, so it gets the SHA-256 of the password in
base64. A check holds a core for a quarter of a second at cost 12, so the queue is bounded and one
check too many is refused.
"""

import asyncio
from base64 import b64encode
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from hashlib import sha256
from typing import Self, TypeVar

import bcrypt

from contracts.errors import UnavailableError

T = TypeVar("T")

WAITING_FOR_EACH_THREAD = 16


class BcryptPasswords:
    def __init__(self, executor: ThreadPoolExecutor, *, cost: int, threads: int) -> None:
        self._executor = executor
        self._cost = cost
        self._max_pending = threads * (WAITING_FOR_EACH_THREAD + 1)
        self._pending = 0
        self._decoy = bcrypt.hashpw(b"decoy", bcrypt.gensalt(cost))

    @classmethod
    @contextmanager
    def open(cls, *, cost: int, threads: int) -> Generator[Self, None, None]:
        """Start the threads; they end when the context does."""
        with ThreadPoolExecutor(threads, thread_name_prefix="bcrypt") as executor:
            yield cls(executor, cost=cost, threads=threads)

    async def hash(self, password: str) -> str:
        digest, cost = prehashed(password), self._cost
        return await self._run(lambda: bcrypt.hashpw(digest, bcrypt.gensalt(cost)).decode())

    async def matches(self, password: str, password_hash: str | None) -> bool:
        """Check the password; without a hash check a decoy, which takes as long."""
        digest = prehashed(password)
        expected = password_hash.encode() if password_hash else self._decoy
        is_right = await self._run(lambda: bcrypt.checkpw(digest, expected))
        return is_right and password_hash is not None

    async def _run(self, work: Callable[[], T]) -> T:
        if self._pending >= self._max_pending:
            raise UnavailableError("too many logins at once", code="busy", retry_in=2.0)
        self._pending += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, work)
        finally:
            self._pending -= 1


def prehashed(password: str) -> bytes:
    return b64encode(sha256(password.encode()).digest())
