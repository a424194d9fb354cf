"""Serves a file: /view."""

import mimetypes
from pathlib import Path

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from preview_engine.engine.engine import Engine
from preview_engine.folders import KINDS, Folders, OutsideFolderError, annotated

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


def _header_text(name: str) -> str:
    """Encode UTF-8 for a header that is written as latin-1; replace quotes and controls."""
    safe = "".join("_" if letter in '"\\' or ord(letter) < ord(" ") else letter for letter in name)
    return safe.encode().decode("latin-1")
