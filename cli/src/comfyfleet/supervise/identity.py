"""As whom a child runs, and that it does not outlive us.

Postgres refuses to run as root. Where we are root, it gets a user namespace in which the same
files belong to `nobody`; where namespaces are forbidden (many containers), it becomes `nobody`.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from typing import TypeAlias

SetUp: TypeAlias = Callable[[], None]

NOBODY = 65534
CLONE_NEWUSER = 0x10000000
PR_SET_PDEATHSIG = 1


def mortal(death_signal: signal.Signals, become: SetUp | None = None) -> SetUp:
    """What a child does between fork and exec: become who it must be, and die with us.

    The order matters: the kernel forgets the death signal when credentials change.
    """
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

    def set_up() -> None:
        if become:
            become()
        if libc:
            libc.prctl(PR_SET_PDEATHSIG, int(death_signal))

    return set_up


def in_user_namespace() -> SetUp:
    """Become `nobody` inside, stay root outside: no file has to change its owner."""
    libc = ctypes.CDLL(None, use_errno=True)

    def become() -> None:
        uid, gid = os.geteuid(), os.getegid()
        if libc.unshare(CLONE_NEWUSER) != 0:
            raise OSError(ctypes.get_errno(), "unshare")
        for name, text in (
            ("setgroups", "deny"),
            ("uid_map", f"{NOBODY} {uid} 1"),
            ("gid_map", f"{NOBODY} {gid} 1"),
        ):
            write_all(f"/proc/self/{name}", text.encode())

    return become


def as_nobody() -> None:
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)


def write_all(path: str, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY)
    os.write(descriptor, data)
    os.close(descriptor)
