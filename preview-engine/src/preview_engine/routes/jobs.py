"""Serves ComfyUI's newer view of queue and history: /api/jobs and /api/jobs/{id}."""

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from preview_engine.domain.jobs import STATUSES, detailed_job, jobs_of, sort_key
from preview_engine.engine.engine import Engine
from preview_engine.routes.answers import json_answer

SORTS = ("created_at", "execution_duration")
ORDERS = ("asc", "desc")


class BadQueryError(ValueError):
    """A query parameter is not valid."""


async def show_jobs(engine: Engine, request: Request) -> Response:
    query = request.query_params
    try:
        statuses = _statuses(query)
        sort_by = _choice(query, "sort_by", SORTS, "created_at")
        order = _choice(query, "sort_order", ORDERS, "desc")
        limit = _limit(query)
        offset = max(0, _integer(query, "offset") or 0)
    except BadQueryError as error:
        return json_answer({"error": str(error)}, 400)
    found = [
        job
        for job in jobs_of(engine.queue.view(), engine.queue.history())
        if job["status"] in statuses
        and query.get("workflow_id", "") in ("", job.get("workflow_id"))
    ]
    found.sort(key=lambda job: sort_key(job, sort_by), reverse=order == "desc")
    page = found[offset:] if limit is None else found[offset : offset + limit]
    has_more = offset + len(page) < len(found)
    pages = {"offset": offset, "limit": limit, "total": len(found), "has_more": has_more}
    return json_answer({"jobs": page, "pagination": pages})


async def show_job(engine: Engine, request: Request) -> Response:
    job_id = request.path_params["job_id"]
    done = engine.queue.history_of(job_id).get(job_id)
    if done is not None:
        return json_answer(detailed_job(done))
    job = next((job for job in jobs_of(engine.queue.view(), {}) if job["id"] == job_id), None)
    return json_answer(job) if job else json_answer({"error": "Job not found"}, 404)


def _statuses(query: QueryParams) -> tuple[str, ...]:
    asked = [part.strip().lower() for part in query.get("status", "").split(",") if part.strip()]
    unknown = [status for status in asked if status not in STATUSES]
    if unknown:
        known = ", ".join(STATUSES)
        raise BadQueryError(f"Invalid status value(s): {', '.join(unknown)}. Valid values: {known}")
    return tuple(asked) or STATUSES


def _choice(query: QueryParams, name: str, allowed: tuple[str, str], default: str) -> str:
    value = query.get(name, default).lower()
    if value not in allowed:
        raise BadQueryError(f"{name} must be {' or '.join(map(repr, allowed))}")
    return value


def _limit(query: QueryParams) -> int | None:
    limit = _integer(query, "limit")
    if limit is not None and limit <= 0:
        raise BadQueryError("limit must be a positive integer")
    return limit


def _integer(query: QueryParams, name: str) -> int | None:
    try:
        return int(query[name]) if name in query else None
    except ValueError as error:
        raise BadQueryError(f"{name} must be an integer") from error
