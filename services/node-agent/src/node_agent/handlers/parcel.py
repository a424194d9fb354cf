"""A file on its way between ComfyUI and the store.

Small ones stay in memory, so a full disk beside the agent stops only what is big; an agent
holds at most eight results of a node at a time.
"""

from io import BytesIO
from tempfile import SpooledTemporaryFile, TemporaryFile
from typing import IO

MOST_IN_MEMORY = 4 * 1024**2
PREFIX = "comfyfleet-"


def parcel_of(size_bytes: int) -> IO[bytes]:
    """Empty, for a file whose size is known; raises OSError if there is no place for it."""
    return BytesIO() if size_bytes <= MOST_IN_MEMORY else TemporaryFile(prefix=PREFIX)


def parcel() -> IO[bytes]:
    """Empty, for a file of any size."""
    return SpooledTemporaryFile(MOST_IN_MEMORY, prefix=PREFIX)
