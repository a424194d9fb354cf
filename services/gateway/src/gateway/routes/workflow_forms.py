"""A graph and its spec as parts of a form, or as JSON."""

from typing import Any

from fastapi import Request
from python_multipart.exceptions import FormParserError
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from gateway.domain.requests import WorkflowRequest
from gateway.routes.reading import content_type, malformed, read_json, refuse_nul, validated

MULTIPART = "multipart/form-data"
MOST_PART_BYTES = 1024 * 1024
EXPECTED = "expected a form with the parts graph, spec and activate, of 1 MiB each at most"


async def read_workflow(request: Request) -> WorkflowRequest:
    """The request, whichever of the two ways it came."""
    if content_type(request) != MULTIPART:
        wanted, _ = await read_json(request, WorkflowRequest)
        return wanted
    form = await read_form(request)
    try:
        fields = {name: await text_of(name, part) for name, part in form.items()}
    finally:
        await form.close()
    return validated(WorkflowRequest, fields)


async def read_form(request: Request) -> FormData:
    try:
        return await request.form(max_files=3, max_fields=4, max_part_size=MOST_PART_BYTES)
    except (HTTPException, FormParserError) as error:
        raise malformed("body", "bad_form", EXPECTED) from error
    except ClientDisconnect as error:
        raise malformed("body", "incomplete", "the body is incomplete") from error


async def text_of(name: str, part: UploadFile | str) -> str:
    try:
        text = (await part.read()).decode() if isinstance(part, UploadFile) else part
    except UnicodeDecodeError:
        raise malformed(name[:100], "not_text", "not a text in UTF-8") from None
    refuse_nul(text, name[:100])
    return text


def form_body() -> dict[str, Any]:
    """The form, for the reference docs."""
    part = {"type": "string", "format": "binary"}
    properties = {
        "graph": {**part, "description": "JSON: ComfyUI's API format, or what it saves."},
        "spec": {**part, "description": "YAML or JSON: Workflow Spec v1."},
        "library": {**part, "description": "YAML or JSON: the library that `use` refers to."},
        "activate": {"type": "boolean", "description": "Make it current at once."},
    }
    return {"type": "object", "properties": properties, "required": ["graph", "spec"]}
