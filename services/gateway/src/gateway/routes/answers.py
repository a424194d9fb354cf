"""Answers: JSON as bytes, problems, and how both look in the reference docs."""

from typing import Any

from fastapi import Request, Response
from pydantic import BaseModel

from gateway.domain.problems import RefusedError, problem

NO_STORE = {"Cache-Control": "no-store"}
REPLAYED = {"Idempotency-Replayed": "true"}
DESCRIPTIONS = {
    401: "The access token is missing or not valid.",
    403: "A permission is missing.",
    404: "It does not exist, or is another's.",
    409: "It conflicts with what is there.",
    413: "The body is too large.",
    415: "The content type is not supported.",
    422: "The request is not valid; `errors` names each field.",
    429: "Too many requests; see `Retry-After`.",
    503: "The fleet cannot do it now; see `Retry-After`.",
}


def json_answer(
    model: BaseModel, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    return json_bytes(model.model_dump_json().encode(), status, headers)


def json_bytes(body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(body, status, NO_STORE | (headers or {}), "application/json")


def problem_answer(refused: RefusedError, request: Request) -> Response:
    body = problem(
        refused, instance=request.url.path, request_id=request.scope["state"]["request_id"]
    )
    return Response(
        body.model_dump_json().encode(),
        refused.status,
        NO_STORE | refused.headers,
        "application/problem+json",
    )


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """These error answers, for the reference docs; 429 can always come."""
    schema = {"$ref": "#/components/schemas/Problem"}
    content = {"application/problem+json": {"schema": schema}}
    return {
        status: {"description": DESCRIPTIONS[status], "content": content}
        for status in sorted({*statuses, 429})
    }


def shows(model: type[BaseModel], status: int = 200) -> dict[int | str, dict[str, Any]]:
    """The good answer, for the reference docs."""
    summary = (model.__doc__ or model.__name__).splitlines()[0]
    return {status: {"model": model, "description": summary}}


def reads(
    model: type[BaseModel], content_type: str = "application/json", *, required: bool = True
) -> dict[str, Any]:
    """The body that an endpoint reads by itself, for the reference docs (see openapi.py)."""
    schema = {"$ref": f"#/components/schemas/{model.__name__}"}
    body = {"required": required, "content": {content_type: {"schema": schema}}}
    return {"requestBody": body}


def parameter(name: str, description: str, *, place: str = "header", kind: str = "string") -> Any:
    """One header or query parameter that an endpoint reads by itself."""
    return {
        "name": name,
        "in": place,
        "required": False,
        "description": description,
        "schema": {"type": kind},
    }


IDEMPOTENCY = parameter(
    "Idempotency-Key", "Your name for this request: a repeat within 24 h replays the first answer."
)
LAST_EVENT = parameter("Last-Event-ID", "The last `id` that was seen; the stream goes on after it.")
