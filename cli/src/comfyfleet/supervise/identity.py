"""As whom a child runs, and that it does not outlive us.

Postgres refuses to run as root. Where we are root, it gets a user namespace in which the same
files belong to `nobody`; where namespaces are forbidden (many containers), it becomes `nobody`.

That happens in a program of its own, which then becomes the child: between fork and exec a
library's fork handlers may already run threads, and a process with threads gets no namespace.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from typing import Literal, TypeAlias

Way: TypeAlias = Literal["namespace", "nobody"]

NOBODY = 65534
CLONE_NEWUSER = 0x10000000
PR_SET_PDEATHSIG = 1


def becoming(way: Way, death_signal: signal.Signals) -> tuple[str, ...]:
    """What to put before a command so that it runs as somebody who is not root."""
    module = "comfyfleet.supervise.identity"
    return (sys.executable, "-I", "-m", module, way, str(int(death_signal)))


def mortal(death_signal: signal.Signals) -> Callable[[], None]:
    """What a child does between fork and exec: ask to die with us."""
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

    def set_up() -> None:
        if libc:
            libc.prctl(PR_SET_PDEATHSIG, int(death_signal))

    return set_up


def enter_namespace() -> None:
    """Become `nobody` inside, stay root outside: no file has to change its owner."""
    libc = ctypes.CDLL(None, use_errno=True)
    uid, gid = os.geteuid(), os.getegid()
    if libc.unshare(CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{NOBODY} {uid} 1"),
        ("gid_map", f"{NOBODY} {gid} 1"),
    ):
        write_all(f"/proc/self/{name}", text.encode())


def become_nobody() -> None:
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)


def write_all(path: str, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY)
    os.write(descriptor, data)
    os.close(descriptor)


def main(way: str, death_signal: str, *command: str) -> None:
    """Change, ask again to die with the parent (the kernel forgot), and become the command."""
    if way == "namespace":
        enter_namespace()
    else:
        become_nobody()
    mortal(signal.Signals(int(death_signal)))()
    os.execv(command[0], command)  # noqa: S606  # the command is ours, see servers/postgres.py


if __name__ == "__main__":
    main(*sys.argv[1:])
