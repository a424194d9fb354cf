"""Requests about workflows: every field is known, limited and described; others are errors."""

from typing import Annotated, Any, Literal, TypeAlias

from fastapi import Path, Request, UploadFile
from pydantic import Field, WithJsonSchema

from contracts.access import Actor
from contracts.errors import NotFoundError
from contracts.values import QueryText
from gateway.http.bodies import (
    JSON,
    MULTIPART,
    ReadsBody,
    Strict,
    content_type,
    malformed,
    read_form,
    read_json,
    refuse_nul,
    validated,
)

Category: TypeAlias = Literal["image", "video", "audio", "3d", "utility"]
LONGEST_NAME = 63

Name: TypeAlias = Annotated[str, Path(description="Name of the workflow.")]
Reference: TypeAlias = Annotated[
    str, Path(description="`name` for the active version, or `name@version`.")
]
VersionNumber: TypeAlias = Annotated[
    int, Path(ge=1, lt=10**9, description="Number of the version.")
]
MAX_PART_BYTES = 1024 * 1024
FORM = "expected a form with the parts graph, spec and activate, of 1 MiB each at most"


class WorkflowFilters(Strict):
    """Filters of the list of workflows."""

    category: Category | None = Field(default=None, description="Workflows in this category.")
    is_active: bool | None = Field(
        default=None,
        description="True: only workflows that can be run by name alone; false: only the others.",
    )
    limit: int | None = Field(
        default=None, ge=1, le=1_000, description="Workflows on a page; null: all of them."
    )
    cursor: QueryText | None = Field(
        default=None, max_length=200, description="`next_cursor` of the page before."
    )


class WorkflowRequest(Strict):
    """A graph and its spec, each as a JSON object or as text (JSON or YAML)."""

    graph: dict[str, Any] | str = Field(
        description="The graph in ComfyUI's API format or save format."
    )
    spec: dict[str, Any] | str = Field(description="Workflow Spec v1.")
    library: dict[str, Any] | str | None = Field(
        default=None,
        description="The parameter library that the spec's `use` refers to; null: the fleet's own.",
    )
    activate: bool = Field(default=False, description="Make the new version active.")


Text: TypeAlias = Annotated[UploadFile, WithJsonSchema({"type": "string", "format": "binary"})]


class WorkflowForm(Strict):
    """A graph and its spec as parts of a form; describes the form, `WorkflowRequest` holds it."""

    graph: Text = Field(description="JSON: the graph in ComfyUI's API format or save format.")
    spec: Text = Field(description="YAML or JSON: Workflow Spec v1.")
    library: Text | None = Field(
        default=None, description="YAML or JSON: the library that `use` refers to."
    )
    activate: bool = Field(default=False, description="Make the new version active.")


class ProposalRequest(Strict):
    """A graph for which to draft a spec."""

    graph: dict[str, Any] | str = Field(
        description="The graph in ComfyUI's API format or save format."
    )
    name: str = Field(
        default="workflow",
        pattern=r"^[a-z][a-z0-9_-]{0,62}$",
        description="Name of the future workflow.",
    )


class WorkflowPatch(Strict):
    """Changes to a workflow that need no new version."""

    is_enabled: bool | None = Field(default=None, description="False: no jobs can be submitted.")
    category: Category | None = Field(
        default=None, description="The category to list it in, instead of the spec's."
    )


class ReadsWorkflow(ReadsBody):
    """Reads a graph and its spec, as JSON or as a form."""

    def __init__(self) -> None:
        super().__init__({JSON: WorkflowRequest, MULTIPART: WorkflowForm})

    async def __call__(self, request: Request) -> WorkflowRequest:
        if content_type(request) != MULTIPART:
            return await read_json(request, WorkflowRequest)
        form = await read_form(
            request, FORM, max_files=3, max_fields=4, max_part_size=MAX_PART_BYTES
        )
        try:
            fields = {name: await text_of(name, part) for name, part in form.items()}
        finally:
            await form.close()
        return validated(WorkflowRequest, fields)


async def text_of(name: str, part: Any) -> str:
    try:
        text = part if isinstance(part, str) else (await part.read()).decode()
    except UnicodeDecodeError:
        raise malformed(name[:100], "not_text", "not a text in UTF-8") from None
    refuse_nul(text, name[:100])
    return text


def existing_name(name: str, actor: Actor) -> str:
    """Return the name; raise NotFoundError if no workflow has it, or none for the caller's role."""
    if len(name) > LONGEST_NAME or not actor.reach.has_workflow(name):
        raise NotFoundError("there is no workflow of this name")
    return name
