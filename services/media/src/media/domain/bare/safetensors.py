"""Strips safetensors, ComfyUI's `.latent` files: prompt and graph stand in its metadata.

Eight bytes with the length of a JSON head, the head, the tensors; offsets count from their begin.
"""

import json
from collections.abc import Iterator
from typing import Any

LENGTH_BYTES, ALIGNMENT = 8, 8
MAX_HEAD_BYTES = 100_000_000
"""The limit of the format's own library."""
METADATA = "__metadata__"


def begins(head: bytes) -> bool:
    is_head = 1 < head_bytes(head) <= MAX_HEAD_BYTES
    return is_head and head[LENGTH_BYTES : LENGTH_BYTES + 2] in (b'{"', b"{}")


def head_bytes(data: bytes) -> int:
    return int.from_bytes(data[:LENGTH_BYTES], "little")


def strip(data: bytes) -> Iterator[bytes]:
    """Yield the parts to keep. Raises ValueError for a damaged head."""
    end = LENGTH_BYTES + head_bytes(data)
    if end > len(data):
        raise ValueError("the head is cut short")
    try:
        tensors: dict[str, Any] = json.loads(data[LENGTH_BYTES:end])
        tensors.pop(METADATA, None)
        used = max((tensor["data_offsets"][1] for tensor in tensors.values()), default=0)
        rest = data[end : end + used]
    except (RecursionError, AttributeError, TypeError, LookupError) as error:
        raise ValueError("the head is damaged") from error
    head = json.dumps(tensors, separators=(",", ":")).encode()
    head += b" " * (-len(head) % ALIGNMENT)
    yield len(head).to_bytes(LENGTH_BYTES, "little") + head
    yield rest
