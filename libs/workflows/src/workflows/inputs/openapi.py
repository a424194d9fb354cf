"""Builds an OpenAPI document for one workflow, from which typed clients are generated."""

from collections.abc import Mapping, Sequence
from typing import Any

from workflows.inputs.json_schema import inputs_schema
from workflows.spec.field_types import in_english
from workflows.spec.spec import Spec

UUID_TEXT = {"type": "string", "format": "uuid"}
JOB_ANSWER = {
    "description": "The job.",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Job"}}},
}
PROBLEM_ANSWER = {
    "description": "The reason of the failure (RFC 9457).",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


def openapi(
    spec: Spec, version: int, server: str, models: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    """Return OpenAPI 3.1 for submitting a job of this version and reading the job."""
    inputs = {k: v for k, v in inputs_schema(spec, models).items() if k != "$schema"}
    title = in_english(spec.title) or spec.name
    return {
        "openapi": "3.1.0",
        "info": {
            "title": title,
            "version": str(version),
            "description": in_english(spec.description),
        },
        "servers": [{"url": server}],
        "security": [{"bearer": []}],
        "paths": {
            "/v1/jobs": {"post": submit_operation(f"{spec.name}@{version}", spec.name, title)},
            "/v1/jobs/{job_id}": {"get": get_operation(spec.name)},
        },
        "components": {
            "schemas": {"Inputs": inputs, "Job": job_schema(spec), "Problem": problem_schema()},
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


def submit_operation(reference: str, name: str, title: str) -> dict[str, Any]:
    properties = {
        "workflow": {"const": reference},
        "inputs": {"$ref": "#/components/schemas/Inputs"},
        "priority": {"enum": ["interactive", "batch", "background"]},
        "deadline": {"type": "string", "format": "date-time"},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
    }
    body = {"type": "object", "properties": properties, "required": ["workflow", "inputs"]}
    headers = [
        {"name": "Idempotency-Key", "in": "header", "schema": {"type": "string"}},
        {"name": "Prefer", "in": "header", "schema": {"type": "string"}},
    ]
    return {
        "operationId": f"submit_{name.replace('-', '_')}",
        "summary": title,
        "parameters": headers,
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": {"201": JOB_ANSWER, "default": PROBLEM_ANSWER},
    }


def get_operation(name: str) -> dict[str, Any]:
    path = {"name": "job_id", "in": "path", "required": True, "schema": UUID_TEXT}
    return {
        "operationId": f"show_{name.replace('-', '_')}",
        "summary": "Read the current state of the job",
        "parameters": [path],
        "responses": {"200": JOB_ANSWER, "default": PROBLEM_ANSWER},
    }


def job_schema(spec: Spec) -> dict[str, Any]:
    output = {
        "type": "object",
        "properties": {
            "name": {"enum": [name for name, _ in spec.outputs_in_order]},
            "index": {"type": "integer"},
            "media_id": UUID_TEXT,
            "kind": {"type": "string"},
            "content_type": {"type": "string"},
            "url": {"type": "string", "description": "Download address, valid for one hour."},
        },
        "required": ["name", "index", "media_id", "content_type", "url"],
    }
    status = ["queued", "running", "canceling", "completed", "failed", "canceled", "expired"]
    return {
        "type": "object",
        "properties": {
            "id": UUID_TEXT,
            "status": {"enum": status},
            "seed": {"type": ["integer", "null"]},
            "outputs": {"type": "array", "items": output},
            "error": {"type": ["object", "null"]},
        },
        "required": ["id", "status", "outputs"],
    }


def problem_schema() -> dict[str, Any]:
    texts = {name: {"type": "string"} for name in ("type", "title", "detail", "request_id")}
    error = {name: {"type": "string"} for name in ("path", "code", "message")}
    errors = {"type": "array", "items": {"type": "object", "properties": error}}
    return {
        "type": "object",
        "properties": {**texts, "status": {"type": "integer"}, "errors": errors},
    }
