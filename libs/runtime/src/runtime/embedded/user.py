"""Starts a child as another user, and ends it when its parent dies.

Postgres refuses to run as root. For root it gets a user namespace in which the files belong to
`nobody`. Where namespaces are forbidden (many containers), it really runs as `nobody`, and keeps
root's right to enter folders: a checkout in root's home can be reached only with it.

A program of its own changes the user and then becomes the child: between fork and exec, fork
handlers of a library may already run threads, and a process with threads gets no namespace.
"""

import ctypes
import os
import signal
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal, TypeAlias

Way: TypeAlias = Literal["namespace", "nobody"]

NOBODY = 65534
CLONE_NEWUSER = 0x10000000
PR_SET_PDEATHSIG = 1
PR_SET_SECUREBITS, NO_SETUID_FIXUP = 28, 1 << 2
PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 47, 2
CAP_DAC_OVERRIDE = 1
CAPABILITY_VERSION_3 = 0x20080522
"""Numbers of linux/sched.h, prctl.h, securebits.h and capability.h."""


def as_other_user(way: Way, death_signal: signal.Signals) -> tuple[str, ...]:
    """Return words to put before a command, so that it does not run as root."""
    return (sys.executable, "-I", "-m", __name__, way, str(int(death_signal)))


def die_with_parent(death_signal: signal.Signals) -> Callable[[], None]:
    """Return a function to call between fork and exec: it ties the child's life to its parent's."""
    libc = linux()

    def set_up() -> None:
        if libc:
            libc.prctl(PR_SET_PDEATHSIG, int(death_signal))

    return set_up


def linux() -> ctypes.CDLL | None:
    return ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def enter_namespace() -> None:
    """Become `nobody` inside a namespace and stay root outside, so no file changes its owner."""
    libc = ctypes.CDLL(None, use_errno=True)
    uid, gid = os.geteuid(), os.getegid()
    if libc.unshare(CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{NOBODY} {uid} 1"),
        ("gid_map", f"{NOBODY} {gid} 1"),
    ):
        Path(f"/proc/self/{name}").write_text(text)


def become_nobody() -> None:
    """Change the user; keep CAP_DAC_OVERRIDE, and hand it to the next program, where Linux can.

    Without NO_SETUID_FIXUP, `access()` would ignore the capability, and Postgres asks it whether
    its own programs can be run (capabilities(7)).
    """
    libc = linux()
    if libc:
        libc.prctl(PR_SET_SECUREBITS, NO_SETUID_FIXUP)
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)
    if libc:
        bit = 1 << CAP_DAC_OVERRIDE
        header = struct.pack("=Ii", CAPABILITY_VERSION_3, 0)
        libc.capset(header, struct.pack("=6I", bit, bit, bit, 0, 0, 0))
        libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0)


def main(way: str, death_signal: str, *command: str) -> None:
    """Change the user and become the command.

    The kernel forgets the death signal when the user changes, so it is set again.
    """
    if way == "namespace":
        enter_namespace()
    else:
        become_nobody()
    die_with_parent(signal.Signals(int(death_signal)))()
    os.execv(command[0], command)  # noqa: S606 # runtime/embedded/postgres.py makes it


if __name__ == "__main__":
    main(*sys.argv[1:])
