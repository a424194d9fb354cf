"""Estimates by zxcvbn how many guesses a password takes: it knows common ones and their variants.

Its time grows with the length, so it gets the first 72 characters, and a thread of its own.
"""

import asyncio
from collections.abc import Sequence

from zxcvbn import zxcvbn

MOST_CHARACTERS = 72


class ZxcvbnGuesses:
    async def count(self, password: str, words: Sequence[str]) -> float:
        return await asyncio.to_thread(count, password[:MOST_CHARACTERS], words)


def count(password: str, words: Sequence[str]) -> float:
    known = [word for word in words if word]
    return float(zxcvbn(password, user_inputs=known, max_length=MOST_CHARACTERS)["guesses"])
