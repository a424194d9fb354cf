"""What a file is, by its bytes; read in pieces, so that its size costs no memory."""

import codecs
from collections.abc import Iterator
from pathlib import Path

from blake3 import blake3

from media.domain.inspection import RefusedError
from media.domain.sniff import HEAD_BYTES, OCTETS, TEXT, fits, sniff

CHUNK_BYTES = 1024**2


def head_type(file: Path) -> str | None:
    with file.open("rb") as opened:
        return sniff(opened.read(HEAD_BYTES))


def content_type_of(source: Path, kind: str) -> str:
    """Raises Refused unless the content fits the kind."""
    if not source.stat().st_size:
        raise RefusedError("empty_file", "The file is empty.")
    found = head_type(source)
    if found is None and kind in ("text", "file") and is_text(source):
        found = TEXT
    if not fits(kind, found):
        raise RefusedError("wrong_content", f"The content of the file is not of kind {kind}.")
    return found or OCTETS


def is_text(file: Path) -> bool:
    """Say whether a whole file is plain UTF-8 text."""
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
