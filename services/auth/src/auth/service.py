"""Defines `Auth`, the first argument of every handler."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from auth.domain.throttle import Throttle
from auth.domain.users import Administrator
from auth.ports import Buckets, Guesses, Keyring, Passwords, UnitOfWork


@dataclass(frozen=True, slots=True)
class Auth:
    """Ports, clocks, lifetimes and state of one process."""

    unit_of_work: UnitOfWork
    passwords: Passwords
    guesses: Guesses
    keyring: Keyring
    buckets: Buckets
    clock: Callable[[], datetime]
    monotonic: Callable[[], float]
    refresh_lifetime: timedelta
    successor_key: bytes = field(repr=False)
    """Derives the successor of a refresh token."""
    administrator: Administrator | None = None
    throttle: Throttle = field(default_factory=Throttle)
