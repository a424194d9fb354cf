"""How a bucket is made equal to what its owner's database says."""

from collections.abc import Mapping
from typing import TypeVar

from pydantic import BaseModel

from contracts.services import Bucket
from runtime.outbox.messages import Outgoing, delete, put

V = TypeVar("V", bound=BaseModel)


def corrections(
    bucket: Bucket, wanted: Mapping[str, V], present: Mapping[str, V]
) -> list[Outgoing]:
    """What to publish: keys that are missing or different, and keys that should not be there.

    To be committed in the transaction that read `wanted`, with writers of the same keys locked
    out, or an older value could overtake a newer one.
    """
    changed = [
        put(bucket, key, value) for key, value in wanted.items() if present.get(key) != value
    ]
    return changed + [delete(bucket, key) for key in present.keys() - wanted.keys()]
