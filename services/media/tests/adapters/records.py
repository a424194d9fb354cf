"""Things that tests speak of, with the values that matter given by name."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from contracts.access import Actor, Limits
from contracts.media.attempts import ResultFile
from contracts.media.files import MediaView
from media.domain.records import StoredMedia, Upload
from runtime.grants import Grant, sign

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SECRET = "a secret of 16 characters or more"


def an_actor(user_id: UUID | None = None, storage_bytes: int = 10**9) -> Actor:
    return Actor(user_id=user_id or uuid4(), limits=Limits(storage_bytes=storage_bytes))


def an_upload(owner_id: UUID, size_bytes: int = 10, created_at: datetime = NOW) -> Upload:
    return Upload(uuid4(), owner_id, size_bytes, created_at)


def a_media(
    owner_id: UUID,
    *,
    media_id: UUID | None = None,
    key: str | None = None,
    blake3: str = "aa",
    size_bytes: int = 10,
    kind: str = "image",
) -> StoredMedia:
    view = MediaView(
        id=media_id or uuid4(),
        owner_id=owner_id,
        kind=kind,  # pyright: ignore[reportArgumentType]  checked by the model
        content_type="image/png",
        size_bytes=size_bytes,
        width=4,
        height=3,
        blake3=blake3,
        created_at=NOW,
    )
    return StoredMedia(view, key or f"blobs/{owner_id}/{view.id}")


def a_grant(
    *,
    node_id: UUID,
    owner_id: UUID,
    attempt_id: UUID | None = None,
    media: Sequence[UUID] = (),
    expires_at: datetime | None = None,
    secret: str = SECRET,
    **more: Any,
) -> str:
    values: dict[str, Any] = {"job_id": uuid4(), **more}
    grant = Grant(
        **values,
        attempt_id=attempt_id or uuid4(),
        node_id=node_id,
        owner_id=owner_id,
        media=list(media),
        expires_at=expires_at or datetime.now(UTC) + timedelta(hours=1),
    )
    return sign(grant, secret)


def a_result(n: int, data: bytes, blake3: str | None = None) -> ResultFile:
    return ResultFile(
        n=n,
        output="images",
        index=n,
        kind="image",
        filename=f"picture_{n}.png",
        content_type="image/png",
        size_bytes=len(data),
        blake3=blake3 or f"{n:064x}",
        width=4,
        height=3,
    )
