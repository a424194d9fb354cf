"""Names of things in the bucket and on ComfyUI servers."""

import hmac
import unicodedata
from hashlib import sha256
from pathlib import PurePosixPath
from uuid import UUID

from media.domain.sniff import extension

INCOMING = "incoming/"
BLOBS = "blobs/"
RESULTS = "results/"
RENDITIONS = "renditions/"
PREFIXES = (INCOMING, BLOBS, RESULTS, RENDITIONS)
"""All there is in the bucket."""

FILENAME_LENGTH = 255


def incoming_key(media_id: UUID) -> str:
    """Where an upload lands: a URL can write here, so nothing here is ever served."""
    return f"{INCOMING}{media_id}"


def blob_key(owner_id: UUID, unique: UUID) -> str:
    """Where an accepted upload lies: no URL was ever made that can write here."""
    return f"{BLOBS}{owner_id}/{unique}"


def result_key(owner_id: UUID, attempt_id: UUID, n: int) -> str:
    return f"{RESULTS}{owner_id}/{attempt_id}/{n}"


def rendition_key(owner_id: UUID, unique: UUID) -> str:
    """Where a thumbnail lies."""
    return f"{RENDITIONS}{owner_id}/{unique}"


def staged_name(secret: str, owner_id: UUID, blake3: str, content_type: str) -> str:
    """Name of an input on a ComfyUI server.

    Same owner and bytes, same name: a server gets a file once. Nobody without the secret can
    guess what another owner's file is called there.
    """
    mark = hmac.new(secret.encode(), f"{owner_id}:{blake3}".encode(), sha256).hexdigest()[:40]
    return f"cf/{mark}.{extension(content_type)}"


def display_name(filename: str | None) -> str | None:
    """Show the last part of the name that a file came with, free of control and bidi characters."""
    if filename is None:
        return None
    last = PurePosixPath(filename.replace("\\", "/")).name
    shown = "".join(c for c in last if not unicodedata.category(c).startswith("C")).strip()
    return shown[:FILENAME_LENGTH] or None
