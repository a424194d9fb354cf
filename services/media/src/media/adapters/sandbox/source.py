"""Reads type and digest of a file, in chunks, so that a large file takes no memory."""

import codecs
from collections.abc import Iterator
from pathlib import Path

from blake3 import blake3

from contracts.content_types import HEAD_BYTES, OCTETS, TEXT, sniff
from media.domain.bare.sound_tags import tag_bytes
from media.domain.inspection import FileRefusedError
from media.domain.kinds import accepts

CHUNK_BYTES = 1024**2
TAGGED = frozenset({"audio/aac", "audio/flac", "audio/wav"})
"""Sounds that some programs put behind an ID3 tag; all others behind one are MP3 or MP2."""


def head_of(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(HEAD_BYTES)


def head_type(file: Path) -> str | None:
    """Return the type by the begin of the file, or of the sound behind an ID3 tag."""
    head = head_of(file)
    if length := tag_bytes(head):
        with file.open("rb") as opened:
            opened.seek(length)
            behind = sniff(opened.read(HEAD_BYTES))
        if behind in TAGGED:
            return behind
    return sniff(head)


def content_type_of(source: Path, kind: str) -> str:
    """Return the type by content. Raises FileRefusedError unless the kind accepts it."""
    if not source.stat().st_size:
        raise FileRefusedError("empty_file", "The file is empty.")
    found = head_type(source)
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
