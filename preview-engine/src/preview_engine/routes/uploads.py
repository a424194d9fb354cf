"""Stores uploaded files under free names: /upload/image."""

import asyncio
import hashlib
import shutil
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, cast

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import Response

from preview_engine.engine.engine import Engine
from preview_engine.folders import KINDS, Folders, OutsideFolderError
from preview_engine.routes.answers import InternalError, json_answer


async def upload(engine: Engine, request: Request) -> Response:
    if engine.switches.refuse_uploads:
        raise InternalError
    async with request.form() as form:
        image = form.get("image")
        if not isinstance(image, UploadFile) or not image.filename:
            return Response(status_code=400)
        try:
            return await asyncio.to_thread(_store, engine.folders, form, image)
        except OutsideFolderError:
            return Response(status_code=400)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise InternalError from error


def _store(folders: Folders, form: FormData, image: UploadFile) -> Response:
    kind = str(form.get("type", "input"))
    if kind not in KINDS:
        raise InternalError
    name, subfolder = image.filename or "", str(form.get("subfolder", ""))
    path = folders.resolve(kind, subfolder, name)
    folders.resolve(kind, subfolder).mkdir(parents=True, exist_ok=True)
    is_known = False
    if form.get("overwrite") not in ("true", "1"):
        name, path, is_known = _free_name(name, path, image.file)
    if not is_known:
        with path.open("wb") as target:
            shutil.copyfileobj(image.file, target)
    return json_answer({"name": name, "subfolder": subfolder, "type": kind})


def _free_name(name: str, path: Path, content: BinaryIO) -> tuple[str, Path, bool]:
    """Return a free name like `name (1)`, its path, and True if a file with these bytes exists."""
    wanted = Path(name)
    digest = _digest(content)
    tries = 1
    while path.exists():
        with path.open("rb") as present:
            if _digest(present) == digest:
                return name, path, True
        # As text, not as a path: the posted name may hold a folder, and comes back as it was.
        name = f"{wanted.with_suffix('')} ({tries}){wanted.suffix}"
        path = path.with_name(Path(name).name)
        tries += 1
    return name, path, False


def _digest(content: BinaryIO) -> bytes:
    digest = hashlib.file_digest(cast("BufferedReader", content), "sha256").digest()
    content.seek(0)
    return digest
