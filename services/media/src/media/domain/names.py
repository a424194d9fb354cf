"""Names of things in the bucket and on ComfyUI servers."""

import hmac
import unicodedata
from hashlib import sha256
from pathlib import PurePosixPath
from uuid import UUID

from media.domain.sniff import EXTENSIONS, extension

INCOMING = "incoming/"
BLOBS = "blobs/"
RESULTS = "results/"
RENDITIONS = "renditions/"
PREFIXES = (INCOMING, BLOBS, RESULTS, RENDITIONS)
"""All there is in the bucket."""

FILENAME_LENGTH = 255
SPELLINGS = {ending: ending for ending in EXTENSIONS.values()} | {
    "jpeg": "jpg",
    "jfif": "jpg",
    "tif": "tiff",
    "heif": "heic",
}
"""Endings that say a type → how they are written here."""


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


def named_as(filename: str | None, content_type: str) -> str | None:
    """The name with the ending of its content, if it has that of something else.

    Endings that are not of the list stay: nobody knows better than the owner what `.md` is.
    """
    if filename is None or content_type not in EXTENSIONS:
        return filename
    path = PurePosixPath(filename)
    told = SPELLINGS.get(path.suffix.lower().removeprefix("."))
    if told is None or told == extension(content_type):
        return filename
    return f"{path.stem[: FILENAME_LENGTH - 5]}.{extension(content_type)}"


def display_name(filename: str | None) -> str | None:
    """Show the last part of the name that a file came with, free of control and bidi characters."""
    if filename is None:
        return None
    last = PurePosixPath(filename.replace("\\", "/")).name
    shown = "".join(c for c in last if not unicodedata.category(c).startswith("C")).strip()
    return shown[:FILENAME_LENGTH] or None
