"""Names objects in the bucket and files on ComfyUI servers."""

import hmac
import unicodedata
from hashlib import sha256
from pathlib import PurePosixPath
from uuid import UUID

from contracts.content_types import FILENAME_LENGTH, extension

INCOMING = "incoming/"
BLOBS = "blobs/"
RESULTS = "results/"
RENDITIONS = "renditions/"
PREFIXES = (INCOMING, BLOBS, RESULTS, RENDITIONS)
"""All prefixes of keys in the bucket."""


def incoming_key(media_id: UUID) -> str:
    """Return the key that an upload is put to. A URL can write it, so it is never served."""
    return f"{INCOMING}{media_id}"


def blob_key(owner_id: UUID, unique: UUID) -> str:
    """Return the key of an object that only media writes.

    It is an accepted upload or a stripped result.
    """
    return f"{BLOBS}{owner_id}/{unique}"


def result_key(owner_id: UUID, attempt_id: UUID, n: int) -> str:
    return f"{RESULTS}{owner_id}/{attempt_id}/{n}"


def thumbnail_key(owner_id: UUID, unique: UUID) -> str:
    return f"{RENDITIONS}{owner_id}/{unique}"


def staged_name(secret: str, owner_id: UUID, blake3: str, content_type: str) -> str:
    """Return the name of an input on a ComfyUI server.

    It depends on owner and bytes, so a server gets a file once. Without the secret nobody can
    guess the name of another owner's file.
    """
    mark = hmac.new(secret.encode(), f"{owner_id}:{blake3}".encode(), sha256).hexdigest()[:40]
    return f"cf/{mark}.{extension(content_type)}"


def display_name(filename: str | None) -> str | None:
    """Return the last part of a name, without control and bidi characters."""
    if filename is None:
        return None
    last = PurePosixPath(filename.replace("\\", "/")).name
    shown = "".join(c for c in last if not unicodedata.category(c).startswith("C")).strip()
    return shown[:FILENAME_LENGTH] or None
