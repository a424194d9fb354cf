"""Lists the routes; each exists also under /api."""

from collections.abc import Callable, Iterable
from dataclasses import asdict
from functools import partial
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute

from preview_engine.domain.catalog import object_info
from preview_engine.engine.engine import Engine
from preview_engine.routes import info, prompts, uploads
from preview_engine.routes.answers import (
    InternalError,
    internal_error_answer,
    json_answer,
    missing_answer,
)
from preview_engine.routes.guards import Guard
from preview_engine.routes.socket import listen
from preview_engine.routes.view import view


def build_app(engine: Engine) -> Starlette:
    def get(path: str, endpoint: Any) -> BaseRoute:
        return Route(path, partial(endpoint, engine), methods=["GET"])

    def post(path: str, endpoint: Any) -> BaseRoute:
        return Route(path, partial(endpoint, engine), methods=["POST"])

    def describe(names: Iterable[str]) -> object:
        return object_info(engine.catalog, names, engine.folders.list_inputs())

    def shown(path: str, content: Callable[[Request], object]) -> BaseRoute:
        async def show(request: Request) -> Response:
            return json_answer(content(request))

        return Route(path, show)

    routes: list[BaseRoute] = [
        Route("/", info.show_page),
        shown("/prompt", lambda _: engine.status()["status"]),
        post("/prompt", prompts.submit),
        shown("/queue", lambda _: engine.queue.view()),
        post("/queue", prompts.change_queue),
        post("/interrupt", prompts.interrupt),
        post("/free", prompts.free),
        shown("/history", partial(prompts.history, engine)),
        shown("/history/{id:path}", lambda at: engine.queue.history_of(at.path_params["id"])),
        post("/history", prompts.change_history),
        get("/view", view),
        post("/upload/image", uploads.upload),
        shown("/object_info", lambda _: describe(engine.catalog)),
        shown("/object_info/{name}", lambda at: describe([at.path_params["name"]])),
        shown("/models", lambda _: info.MODEL_FOLDERS),
        get("/models/{folder}", info.show_models),
        shown("/embeddings", lambda _: []),
        shown("/extensions", lambda _: []),
        shown("/features", lambda _: info.features(engine)),
        shown("/system_stats", lambda _: info.system_stats(engine)),
        shown("/preview-engine/switches", lambda _: asdict(engine.switches)),
        post("/preview-engine/switches", info.set_switches),
        WebSocketRoute("/ws", partial(listen, engine)),
    ]
    app = Starlette(
        routes=[*routes, Mount("/api", routes=routes)],
        middleware=[Middleware(Guard, limit=engine.settings.max_upload_bytes)],
        exception_handlers={InternalError: internal_error_answer, HTTPException: missing_answer},
    )
    app.router.redirect_slashes = False
    return app
