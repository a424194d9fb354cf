"""Declares the question for the queue of a node's engine, which the node's agent answers."""

from typing import ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from contracts.access import UserQuery
from contracts.scheduler.claims import AttemptPhase
from contracts.values import ShortText


class QueuedPrompt(BaseModel):
    """One prompt in the engine, or an attempt of the fleet that its agent still works for."""

    prompt_id: ShortText = Field(description="Its id in the engine; of an attempt, the attempt's.")
    state: Literal["running", "pending", "outside"] = Field(
        description="In the engine, as it was last seen: `running`, or `pending` behind other "
        "work. `outside`: the agent stages its inputs or stores its results."
    )
    job_id: UUID | None = Field(
        default=None, description="Its job. Null: a foreign prompt, or one whose job is over."
    )
    owner_id: UUID | None = Field(default=None, description="The owner of the job.")
    phase: AttemptPhase | None = Field(default=None, description="Phase of the attempt.")


class NodeQueue(BaseModel):
    """Everything that a node's engine has, and what its agent does beside it."""

    prompts: list[QueuedPrompt] = Field(
        description="Attempts of the fleet, then other prompts; as many as fit into one answer."
    )
    prompt_count: int = Field(description="Number of all of them.")


class FindQueue(UserQuery[NodeQueue]):
    """Return the queue of a node's engine. Errors: Unavailable (no agent has the node)."""

    subject: ClassVar[str] = "query.node.find_queue.v1.{node_id}"
    node_id: UUID
