"""Serves a file, a compressed preview of it, or one of its channels: /view."""

import asyncio
import mimetypes
from pathlib import Path

from PIL import Image
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from preview_engine.classes.image_loader import FORMATS
from preview_engine.classes.pictures import encoded, with_alpha
from preview_engine.engine.engine import Engine
from preview_engine.folders import KINDS, Folders, OutsideFolderError, annotated
from preview_engine.routes.answers import InternalError

PREVIEW_FORMATS = ("webp", "jpeg")
DEFAULT_QUALITY = 90
# A browser must not run what somebody uploaded.
NEVER_SHOWN = ("html", "javascript", "css", "xml")


async def view(engine: Engine, request: Request) -> Response:
    query = request.query_params
    if "filename" not in query:
        return Response(status_code=404)
    found = find(engine.folders, query)
    if isinstance(found, int):
        return Response(status_code=found)
    named = {"Content-Disposition": f'filename="{_header_text(found.name)}"'}
    channel = query.get("channel", "rgba")
    try:
        if "preview" in query:
            return await asyncio.to_thread(_preview, found, query, named)
        if channel in ("rgb", "a"):
            return await asyncio.to_thread(_channel, found, channel, named)
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise InternalError from error
    return _whole(found, request, named)


def find(folders: Folders, query: QueryParams) -> Path | int:
    """Return the requested file, or the status that refuses it."""
    name, kind = annotated(query["filename"])
    kind = kind or query.get("type", "output")
    if not name or name.startswith("/") or ".." in name or kind not in KINDS:
        return 400
    try:
        folder = folders.resolve(kind, query.get("subfolder", ""))
        path = folders.resolve(kind, query.get("subfolder", ""), Path(name).name)
    except OutsideFolderError:
        return 403
    return path if path.is_file() and path.parent == folder else 404


def _whole(path: Path, request: Request, headers: dict[str, str]) -> Response:
    stat = path.stat()
    tag = f'"{stat.st_mtime_ns:x}-{stat.st_size:x}"'
    guessed = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    is_risky = any(word in guessed for word in NEVER_SHOWN)
    headers |= {
        "Content-Type": "application/octet-stream" if is_risky else guessed,
        "ETag": tag,
    }
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return FileResponse(path, headers=headers, stat_result=stat)


def _preview(path: Path, query: QueryParams, headers: dict[str, str]) -> Response:
    asked = query["preview"].split(";")
    channel = query.get("channel", "rgba")
    ending = asked[0] if asked[0] in PREVIEW_FORMATS and channel != "a" else "webp"
    quality = int(asked[-1]) if asked[-1].isdigit() else DEFAULT_QUALITY
    with Image.open(path, formats=FORMATS) as opened:
        picture = opened.convert("RGB") if ending == "jpeg" or channel == "rgb" else opened
        content = encoded(picture, ending, quality=min(quality, 100))
    return Response(content, headers=headers | {"Content-Type": f"image/{ending}"})


def _channel(path: Path, channel: str, headers: dict[str, str]) -> Response:
    with Image.open(path, formats=FORMATS) as opened:
        if channel == "rgb":
            picture = opened.convert("RGB")
        else:
            alpha = opened.convert("RGBA").getchannel("A")
            picture = with_alpha(Image.new("RGBA", opened.size), alpha)
    return Response(encoded(picture, "PNG"), headers=headers | {"Content-Type": "image/png"})


def _header_text(name: str) -> str:
    """Encode UTF-8 for a header that is written as latin-1; replace quotes and controls."""
    safe = "".join("_" if letter in '"\\' or ord(letter) < ord(" ") else letter for letter in name)
    return safe.encode().decode("latin-1")
