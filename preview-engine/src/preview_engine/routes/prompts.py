"""Submits, lists and cancels prompts: /prompt, /queue, /interrupt, /free, /history."""

import json
import math
import time
from typing import Any, cast
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response

from preview_engine.domain.catalog import Graph
from preview_engine.domain.validation import validate_prompt
from preview_engine.engine.engine import Engine
from preview_engine.engine.queue import Prompt
from preview_engine.routes.answers import (
    InternalError,
    json_answer,
    read_json,
    read_object,
    strings,
)

SECRETS = ("auth_token_comfy_org", "api_key_comfy_org")
NO_PROMPT: dict[str, Any] = {
    "type": "no_prompt",
    "message": "No prompt provided",
    "details": "No prompt provided",
    "extra_info": {},
}


async def submit(engine: Engine, request: Request) -> Response:
    """Queue a prompt and answer; 200 may still name node_errors of outputs that are left out."""
    body = await read_json(request)
    if engine.switches.refuse_prompts or isinstance(body, (int, float, bool)) or body is None:
        raise InternalError
    asked = cast("dict[str, Any]", body) if isinstance(body, dict) else {}
    number = _number(engine, asked)
    if "prompt" not in asked:
        return json_answer({"error": NO_PROMPT, "node_errors": {}}, 400)
    graph: Graph = asked["prompt"]
    try:
        result = validate_prompt(
            graph,
            engine.catalog,
            file_exists=engine.folders.has_input,
            targets=asked.get("partial_execution_targets"),
        )
    except (TypeError, AttributeError) as error:
        raise InternalError from error
    if result.error:
        return json_answer({"error": result.error, "node_errors": result.node_errors}, 400)
    prompt_id = str(asked["prompt_id"]) if "prompt_id" in asked else str(uuid4())
    engine.queue.put(Prompt(number, prompt_id, graph, _extra_data(asked), result.outputs))
    return json_answer(
        {"prompt_id": prompt_id, "number": number, "node_errors": result.node_errors}
    )


def _number(engine: Engine, asked: dict[str, Any]) -> float:
    """Return the prompt's place in the queue; refused prompts count as well."""
    if "number" in asked:
        try:
            number = float(asked["number"])
        except (TypeError, ValueError) as error:
            raise InternalError from error
        if not math.isfinite(number):
            raise InternalError
        return number
    number = -engine.counter if asked.get("front") else engine.counter
    engine.counter += 1
    return number


def _extra_data(asked: dict[str, Any]) -> dict[str, Any]:
    extra_data = asked.get("extra_data", {})
    if not isinstance(extra_data, dict):
        raise InternalError
    kept = {
        name: value
        for name, value in cast("dict[str, Any]", extra_data).items()
        if name not in SECRETS
    }
    if "client_id" in asked:
        kept["client_id"] = asked["client_id"]
    return kept | {"create_time": int(time.time() * 1000)}


async def change_queue(engine: Engine, request: Request) -> Response:
    body = await read_object(request)
    if body.get("clear"):
        engine.queue.clear()
    if "delete" in body:
        engine.queue.delete(strings(body["delete"]))
    return Response()


async def interrupt(engine: Engine, request: Request) -> Response:
    """Interrupt a prompt; without a prompt_id or a readable body, the running one."""
    try:
        body = json.loads(await request.body())
    except ValueError:
        body = {}
    if not isinstance(body, dict):
        raise InternalError
    prompt_id = cast("dict[str, Any]", body).get("prompt_id")
    engine.interrupt(str(prompt_id) if prompt_id else None)
    return Response()


async def free(engine: Engine, request: Request) -> Response:
    """Free memory when the running prompt has ended."""
    body = await read_object(request)
    if body.get("free_memory"):
        engine.queue.request_free()
    return Response()


def history(engine: Engine, request: Request) -> dict[str, Any]:
    max_items = request.query_params.get("max_items")
    try:
        limit = int(max_items) if max_items is not None else None
        offset = int(request.query_params.get("offset", -1))
    except ValueError as error:
        raise InternalError from error
    return engine.queue.history(max_items=limit, offset=offset)


async def change_history(engine: Engine, request: Request) -> Response:
    body = await read_object(request)
    if body.get("clear"):
        engine.queue.forget()
    if "delete" in body:
        engine.queue.forget(strings(body["delete"]))
    return Response()
