"""The object store, in memory."""

from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

from contracts.content_types import HEAD_BYTES
from contracts.errors import OperationError
from media.domain.bare.sound_tags import telling_head
from media.ports import ObjectMissingError


class FakeStore:
    """Objects in a dictionary; `away` is raised by every call that would reach the store."""

    def __init__(self, objects: dict[str, bytes] | None = None) -> None:
        self.objects = objects or {}
        self.away: OperationError | None = None
        self.public: str | None = None

    def upload_url(self, key: str, lifetime: timedelta) -> str:
        return f"put:{key}?{lifetime}"

    def download_url(self, key: str, lifetime: timedelta) -> str:
        return f"get:{key}?{lifetime}"

    def public_upload_url(self, key: str, lifetime: timedelta) -> str | None:
        return self.public and f"{self.public}put:{key}?{lifetime}"

    def public_download_url(
        self, key: str, lifetime: timedelta, headers: Mapping[str, str]
    ) -> str | None:
        return self.public and f"{self.public}get:{key}?{lifetime}&{dict(headers)}"

    async def size(self, key: str) -> int:
        return len(self._get(key))

    async def peek(self, key: str) -> tuple[int, bytes]:
        data = self._get(key)
        return len(data), telling_head(lambda place: data[place : place + HEAD_BYTES])

    async def copy(self, source: str, target: str) -> None:
        self.objects[target] = self._get(source)

    async def fetch(self, key: str, file: Path, max_bytes: int) -> None:
        write(file, self._get(key)[:max_bytes])

    async def put(self, key: str, file: Path, content_type: str) -> None:  # noqa: ARG002
        self.objects[key] = read(file)

    async def remove(self, keys: Iterable[str]) -> None:
        for key in keys:
            if self.away:
                raise self.away
            self.objects.pop(key, None)

    async def older(self, prefix: str, than: datetime) -> AsyncIterator[list[str]]:  # noqa: ARG002
        for key in sorted(self.objects):
            if key.startswith(prefix):
                yield [key]

    def _get(self, key: str) -> bytes:
        if self.away:
            raise self.away
        if key not in self.objects:
            raise ObjectMissingError(key)
        return self.objects[key]


def read(file: Path) -> bytes:
    return file.read_bytes()


def write(file: Path, data: bytes) -> None:
    file.write_bytes(data)
