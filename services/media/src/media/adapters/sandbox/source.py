"""Reads type and digest of a file, in chunks, so that a large file takes no memory."""

import codecs
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO

from blake3 import blake3

from contracts.content_types import HEAD_BYTES, OCTETS, TEXT, sniff
from media.domain.bare.sound_tags import tags_end, telling_head
from media.domain.inspection import FileRefusedError
from media.domain.kinds import accepts

CHUNK_BYTES = 1024**2


def head_of(file: Path) -> bytes:
    """Return the bytes that tell the type of the file."""
    with file.open("rb") as opened:
        return telling_head(partial(read_at, opened))


def sound_begin(file: Path) -> int:
    """Return the end of the ID3 tags at the begin of the file."""
    with file.open("rb") as opened:
        return tags_end(partial(read_at, opened))


def read_at(opened: BinaryIO, place: int) -> bytes:
    opened.seek(place)
    return opened.read(HEAD_BYTES)


def content_type_of(source: Path, kind: str) -> str:
    """Return the type by content. Raises FileRefusedError unless the kind accepts it."""
    if not source.stat().st_size:
        raise FileRefusedError("empty_file", "The file is empty.")
    found = sniff(head_of(source))
    if found is None and kind in ("text", "file") and is_text(source):
        found = TEXT
    if not accepts(kind, found):
        raise FileRefusedError("wrong_content", f"The content of the file is not of kind {kind}.")
    return found or OCTETS


def is_text(file: Path) -> bool:
    """Return whether a whole file is UTF-8 text."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        if any("\0" in decoder.decode(chunk) for chunk in chunks(file)):
            return False
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def digest_of(file: Path) -> str:
    digest = blake3(max_threads=1)
    for chunk in chunks(file):
        digest.update(chunk)
    return digest.hexdigest()


def chunks(file: Path) -> Iterator[bytes]:
    with file.open("rb") as opened:
        while chunk := opened.read(CHUNK_BYTES):
            yield chunk
