"""Places for transfers: so many in all, and fewer for one user, one link and one address.

A share is smaller than the whole, so nobody alone can take the places of everybody.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Hashable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from contracts.errors import UnavailableError
from gateway.http.problems import RefusedError

WAIT_SECONDS = 10.0
"""A browser asks for many pictures at once: those above the share wait a moment."""


@dataclass(slots=True)
class Share:
    """The places of one holder, as long as somebody holds one or waits."""

    free: asyncio.Semaphore
    users: int = 0


@dataclass(slots=True)
class Shares:
    """Gives places; `most_each` has the largest number of places by the kind of a holder."""

    most: int
    most_each: Mapping[str, int]
    wait_seconds: float = WAIT_SECONDS
    _shares: dict[tuple[str, Hashable], Share] = field(
        default_factory=dict[tuple[str, Hashable], Share]
    )
    _free: asyncio.Semaphore = field(init=False)
    _taken: int = 0

    def __post_init__(self) -> None:
        self._free = asyncio.Semaphore(self.most)

    @property
    def held(self) -> Counter[str]:
        """Holders that are known now, by kind."""
        return Counter(kind for kind, _ in self._shares)

    @property
    def taken(self) -> int:
        """Places that are held now."""
        return self._taken

    @asynccontextmanager
    async def place(self, **holders: Hashable) -> AsyncGenerator[None, None]:
        """Hold a place for each of these holders, by kind.

        Raises RefusedError (429) if one of them has its share already, and UnavailableError if
        no place is free at all, after a moment.
        """
        async with AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(self.wait_seconds):
                    for holder in holders.items():
                        await stack.enter_async_context(self._of(holder))
            except TimeoutError as error:
                headers = {"Retry-After": "5"}
                text = "you have too many transfers at once: wait until one has ended"
                raise RefusedError(429, "too_many_transfers", text, headers=headers) from error
            try:
                async with asyncio.timeout(self.wait_seconds):
                    await stack.enter_async_context(self._free)
            except TimeoutError as error:
                raise UnavailableError("too many transfers at once", retry_in=5) from error
            self._taken += 1
            try:
                yield
            finally:
                self._taken -= 1

    @asynccontextmanager
    async def _of(self, holder: tuple[str, Hashable]) -> AsyncGenerator[None, None]:
        share = self._shares.get(holder)
        if share is None:
            share = self._shares[holder] = Share(asyncio.Semaphore(self.most_each[holder[0]]))
        share.users += 1
        try:
            async with share.free:
                yield
        finally:
            share.users -= 1
            if not share.users:
                del self._shares[holder]
