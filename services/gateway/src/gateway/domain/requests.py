"""What callers may send: every field is known, limited and described; others are errors."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from contracts.access import Priority
from contracts.scheduler.jobs import JobStatus
from contracts.scheduler.nodes import NewNode
from contracts.values import UtcTime

LONGEST_LABEL_BYTES = 256


def short(text: str) -> str:
    if len(text.encode()) > LONGEST_LABEL_BYTES:
        raise ValueError(f"expected at most {LONGEST_LABEL_BYTES} bytes")
    return text


def without_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("a NUL character is not text")
    return text


QueryText = Annotated[str, AfterValidator(without_nul)]
LabelKey = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,40}$")]
LabelValue = Annotated[str, AfterValidator(short)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class JobRequest(Strict):
    """A job to run."""

    workflow: str = Field(
        max_length=80, description="`name` for the active version, or `name@version`."
    )
    inputs: dict[str, Any] = Field(
        default_factory=dict,
        max_length=500,
        description="Values by name of input; see the workflow's schema. Files are "
        '`{"media": "<id>"}`.',
    )
    priority: Priority | None = Field(
        default=None, description="Class of service; the highest that the account may use if none."
    )
    deadline: UtcTime | None = Field(
        default=None, description="The job expires if it has not ended by then."
    )
    labels: dict[LabelKey, LabelValue] = Field(
        default_factory=dict,
        max_length=16,
        description="For finding it again; at most 16, keys `[A-Za-z0-9_.-]{1,40}`, values at "
        "most 256 bytes.",
    )


class JobFilters(Strict):
    """Which jobs to list."""

    status: list[JobStatus] = Field(
        default_factory=list[JobStatus], max_length=7, description="Any of these."
    )
    workflow: QueryText | None = Field(
        default=None, max_length=80, description="`name` or `name@version`."
    )
    label: QueryText | None = Field(
        default=None, max_length=300, description="`key` or `key=value`."
    )
    batch_id: UUID | None = Field(default=None, description="Jobs of this batch.")
    owner_id: UUID | None = Field(default=None, description="Needs `jobs:read_all`.")
    limit: int = Field(default=50, ge=1, le=200, description="Jobs on a page.")
    cursor: QueryText | None = Field(
        default=None, max_length=200, description="`next_cursor` of the page before."
    )


Category = Literal["image", "video", "audio", "3d", "utility"]


class WorkflowFilters(Strict):
    """Which workflows to list."""

    category: Category | None = Field(default=None, description="Listed there.")
    is_active: bool | None = Field(default=None, description="Whether the name alone can be run.")
    limit: int | None = Field(default=None, ge=1, le=1_000, description="Else all come at once.")
    cursor: QueryText | None = Field(
        default=None, max_length=63, description="`next_cursor` of the page before."
    )


class RefreshRequest(Strict):
    """A refresh token, unless the cookie carries it."""

    refresh_token: str = Field(min_length=1, max_length=512, description="Good for one use.")


class LoginForm(BaseModel):
    """OAuth2's password form (RFC 6749, 4.3.2); what it has besides is ignored, as it says."""

    username: str = Field(min_length=1, max_length=320, description="The e-mail address.")
    password: str = Field(min_length=1, max_length=1_024, description="The password.")
    grant_type: str = Field(default="password", pattern="^password$", description="`password`.")


class MediaForm(Strict):
    """What a file is to be used as."""

    kind: Annotated[str, StringConstraints(pattern="^(image|mask|video|audio|file)$")] = Field(
        default="image", description="What the file is to be used as."
    )
    image_id: UUID | None = Field(default=None, description="Masks: the image whose size it takes.")
    channel: Annotated[str, StringConstraints(pattern="^(auto|alpha|luminance)$")] = Field(
        default="auto", description="Masks: where the mask is; `auto` is alpha if there is any."
    )
    invert: bool = Field(default=False, description="Masks: swap black and white.")
    feather: int = Field(default=0, ge=0, le=512, description="Masks: blur radius in pixels.")
    smooth: bool = Field(default=False, description="Masks: resample smoothly; else nearest.")
    allow_empty: bool = Field(default=False, description="Masks: accept all black or all white.")


class UploadForm(MediaForm):
    """The fields beside the file of an upload."""

    workflow: str | None = Field(
        default=None,
        max_length=80,
        description="Masks: the workflow whose `input` it is for; the options that its spec sets "
        "count where none is given here.",
    )
    input: str | None = Field(
        default=None, max_length=100, description="Masks: the input of `workflow`."
    )


class WorkflowRequest(Strict):
    """A graph and its spec, as JSON or as texts of JSON or YAML."""

    graph: dict[str, Any] | str = Field(description="ComfyUI's API format, or what it saves.")
    spec: dict[str, Any] | str = Field(description="Workflow Spec v1.")
    library: dict[str, Any] | str | None = Field(
        default=None,
        description="The parameter library that the spec's `use` refers to; else the fleet's own.",
    )
    activate: bool = Field(default=False, description="Make it current at once.")


class ProposalRequest(Strict):
    """A graph that wants a spec."""

    graph: dict[str, Any] | str = Field(description="ComfyUI's API format, or what it saves.")
    name: str = Field(
        default="workflow",
        pattern=r"^[a-z][a-z0-9_-]{0,62}$",
        description="Address that the workflow shall have.",
    )


class WorkflowPatch(Strict):
    """What an operator may change of a workflow without a new version."""

    is_enabled: bool | None = Field(default=None, description="False: nothing can be submitted.")
    category: Category | None = Field(
        default=None, description="Where it is listed, whatever its spec says."
    )


class NodeRequest(NewNode):
    """A ComfyUI server to add."""

    model_config = ConfigDict(extra="forbid")


def is_past(deadline: datetime | None, now: datetime) -> bool:
    return deadline is not None and deadline <= now
