"""Keeps Python's garbage collector away from the state of the leader.

A full collection visits every object. With 100 000 waiting jobs it takes over two seconds
(measured), longer than the lead lasts, and a load sets off dozens of them. Jobs, attempts and nodes
that are over have no cycles, so their reference counts free them without a collector.
"""

import gc
from collections.abc import Generator
from contextlib import contextmanager

GROWTH = 10_000
"""After so many more jobs than before, the state is set aside again; collecting takes 0.2 s."""


@contextmanager
def paused() -> Generator[None, None, None]:
    """Collect nothing within the block, in which a state is loaded."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def set_aside() -> None:
    """Let later collections pass over all objects that are there now."""
    gc.freeze()


def set_aside_again() -> None:
    """Collect what is garbage, and set aside all objects that came since."""
    gc.collect()
    gc.freeze()


def take_back() -> None:
    """Let the collector visit all objects again: the term is over."""
    gc.unfreeze()
