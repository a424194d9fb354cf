"""Lists the routes; each exists also under /api."""

from functools import partial
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute

from preview_engine.engine.engine import Engine
from preview_engine.routes import info, jobs, prompts, uploads
from preview_engine.routes.answers import InternalError, internal_error_answer, missing_answer
from preview_engine.routes.guards import LimitBody, RefuseForeignOrigins
from preview_engine.routes.socket import listen
from preview_engine.routes.view import view


def build_app(engine: Engine) -> Starlette:
    def get(path: str, endpoint: Any) -> BaseRoute:
        return Route(path, partial(endpoint, engine), methods=["GET"])

    def post(path: str, endpoint: Any) -> Route:
        return Route(path, partial(endpoint, engine), methods=["POST"])

    routes: list[BaseRoute] = [
        Route("/", info.show_page),
        get("/prompt", prompts.show_status),
        post("/prompt", prompts.submit),
        get("/queue", prompts.show_queue),
        post("/queue", prompts.change_queue),
        post("/interrupt", prompts.interrupt),
        post("/free", prompts.free),
        get("/history", prompts.show_history),
        get("/history/{prompt_id:path}", prompts.show_one),
        post("/history", prompts.change_history),
        get("/view", view),
        post("/upload/image", uploads.upload_image),
        post("/upload/mask", uploads.upload_mask),
        get("/object_info", info.show_object_info),
        get("/object_info/{name}", info.show_object_info),
        Route("/models", info.show_model_folders),
        get("/models/{folder}", info.show_models),
        Route("/embeddings", info.show_nothing),
        Route("/extensions", info.show_nothing),
        get("/features", info.show_features),
        get("/system_stats", info.show_system_stats),
        get("/preview-engine/switches", info.show_switches),
        post("/preview-engine/switches", info.set_switches),
        WebSocketRoute("/ws", partial(listen, engine)),
    ]
    # ComfyUI has these routes only under /api.
    new = [get("/jobs", jobs.show_jobs), get("/jobs/{job_id:path}", jobs.show_job)]
    app = Starlette(
        routes=[*routes, Mount("/api", routes=[*routes, *new])],
        middleware=[
            Middleware(RefuseForeignOrigins),
            Middleware(LimitBody, limit=engine.settings.max_upload_bytes),
        ],
        exception_handlers={InternalError: internal_error_answer, HTTPException: missing_answer},
    )
    app.router.redirect_slashes = False
    return app
