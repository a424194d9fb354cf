"""A media service without a database: the grant is the attempt id, the bytes lie in real S3."""

import asyncio
import io
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from blake3 import blake3
from minio import Minio

from contracts.errors import OperationError
from contracts.media.attempts import (
    FindInputFiles,
    FindResults,
    InputFile,
    InputFiles,
    RecordResults,
    Results,
    ResultUrls,
    SignResultUrls,
)
from contracts.scheduler.jobs import Output
from contracts.values import new_id
from runtime.bus.client import Bus

HOUR = timedelta(hours=1)


@dataclass
class FakeMedia:
    client: Minio
    bucket: str
    inputs: dict[str, list[InputFile]] = field(default_factory=dict[str, list[InputFile]])
    """Files by grant."""
    recorded: dict[str, RecordResults] = field(default_factory=dict[str, RecordResults])

    refusal: OperationError | None = None
    """The answer to every report of results, if not None."""
    opened: int = 0
    """Number of requests for URLs of results."""
    may_open: asyncio.Event = field(default_factory=asyncio.Event)
    """Requests for URLs of results wait for it."""

    def __post_init__(self) -> None:
        self.may_open.set()

    async def serve(self, bus: Bus) -> None:
        await bus.serve(FindInputFiles, self.stage)
        await bus.serve(SignResultUrls, self.open)
        await bus.serve(RecordResults, self.record)
        await bus.serve(FindResults, self.find)

    async def upload(self, grant: str, data: bytes) -> UUID:
        """An input that the grant names."""
        media_id, name = new_id(), f"cf/{blake3(data).hexdigest()[:32]}.png"
        await asyncio.to_thread(
            self.client.put_object, self.bucket, name, io.BytesIO(data), len(data)
        )
        url = self.client.presigned_get_object(self.bucket, name, expires=HOUR)
        file = InputFile(
            media_id=media_id, name=name, url=url, content_type="image/png", size_bytes=len(data)
        )
        self.inputs.setdefault(grant, []).append(file)
        return media_id

    async def stage(self, message: FindInputFiles) -> InputFiles:
        return InputFiles(items=self.inputs.get(message.grant, []))

    async def open(self, message: SignResultUrls) -> ResultUrls:
        self.opened += 1
        await self.may_open.wait()
        names = [self.key(message.grant, n) for n in range(message.count)]
        return ResultUrls(
            urls=[
                self.client.presigned_put_object(self.bucket, name, expires=HOUR) for name in names
            ]
        )

    async def record(self, message: RecordResults) -> Results:
        if self.refusal:
            raise self.refusal
        self.recorded[message.grant] = message
        return Results(outputs=outputs_of(message), is_recorded=True)

    async def find(self, message: FindResults) -> Results:
        found = self.recorded.get(message.grant)
        return Results(outputs=outputs_of(found) if found else [], is_recorded=found is not None)

    def key(self, grant: str, n: int) -> str:
        return f"results/{grant}/{n}"

    async def bytes_of(self, grant: object, n: int = 0) -> bytes:
        def read() -> bytes:
            response = self.client.get_object(self.bucket, self.key(str(grant), n))
            try:
                return response.read()
            finally:
                response.close()
                response.release_conn()

        return await asyncio.to_thread(read)


def outputs_of(message: RecordResults) -> list[Output]:
    return [
        Output(
            name=file.output,
            index=file.index,
            media_id=new_id(),
            kind=file.kind,
            content_type=file.content_type,
            width=file.width,
            height=file.height,
            size_bytes=file.size_bytes,
        )
        for file in message.files
    ]
