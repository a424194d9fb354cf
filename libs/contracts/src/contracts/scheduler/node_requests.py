"""Declares what operators ask and change about nodes."""

from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, Field

from contracts.access import Actor, IdempotencyKey, UserCommand, UserQuery
from contracts.message import Accepted, Query
from contracts.scheduler.job_requests import ModelFile
from contracts.scheduler.nodes import Device, NewNode, NodeChanges, NodeView
from contracts.values import Page


class NodePage(Page[NodeView]):
    """A page of nodes, by id."""


class ListNodes(Query[NodePage]):
    """List the nodes of the fleet by pages; a page has as many as fit into one answer."""

    subject: ClassVar[str] = "query.scheduler.list_nodes.v1"
    sent_by: ClassVar = ("gateway", "workflow-registry")
    actor: Actor
    cursor: str | None = Field(default=None, description="`next_cursor` of the page before.")


class FindNode(UserQuery[NodeView]):
    """Return a node as it is now. Errors: NotFound."""

    subject: ClassVar[str] = "query.scheduler.find_node.v1"
    node_id: UUID


class CapabilityNames(BaseModel):
    """A page of everything that a node can run: its classes by name, then its model files."""

    digest: str | None = Field(
        description="Digest of everything that it can run; null: that is not known yet."
    )
    engine_version: str | None = Field(description="Version of its engine.")
    devices: list[Device] = Field(description="Its accelerators.")
    classes: list[str] = Field(description="Graph-node classes of this page.")
    models: list[ModelFile] = Field(description="Model files of this page.")
    next_cursor: str | None = Field(
        default=None, description="`cursor` of the next page; null on the last page."
    )


class ListCapabilities(UserQuery[CapabilityNames]):
    """List what a node can run, by pages; a page has as many names as fit into one answer.

    Errors: NotFound, Invalid (`bad_cursor`: also if the capabilities changed since that page).
    """

    subject: ClassVar[str] = "query.scheduler.list_capabilities.v1"
    node_id: UUID
    cursor: str | None = Field(default=None, description="`next_cursor` of the page before.")


class AddNode(UserCommand[NodeView]):
    """Add a server as a node.

    Errors: Invalid (`unknown_engine` names the known ones), Conflict (`node_exists`: a node has
    this address).
    """

    subject: ClassVar[str] = "command.scheduler.add_node.v1"
    node_id: UUID
    node: NewNode
    idempotency: IdempotencyKey | None = None


class ChangeNode(UserCommand[NodeView]):
    """Change settings of a node while it works. A repetition changes nothing.

    Its attempts go on: after a change of address, headers, engine settings or pool the claim is
    free, and the agent that takes it looks for them. Errors: NotFound, Invalid (as `AddNode`),
    Conflict (`node_exists`; `node_managed`: its agent decides what the changes name;
    `node_unreadable`: its row cannot be read).
    """

    subject: ClassVar[str] = "command.scheduler.change_node.v1"
    node_id: UUID
    changes: NodeChanges


class DrainNode(UserCommand[NodeView]):
    """Let a node finish its attempts and give it no new job, until it is resumed.

    Errors: NotFound, Conflict (`node_unreadable`).
    """

    subject: ClassVar[str] = "command.scheduler.drain_node.v1"
    node_id: UUID


class ResumeNode(UserCommand[NodeView]):
    """Give jobs to a drained node again. Errors: NotFound, Conflict (`node_unreadable`)."""

    subject: ClassVar[str] = "command.scheduler.resume_node.v1"
    node_id: UUID


class RemoveNode(UserCommand[Accepted]):
    """Remove a node; its jobs run again on other nodes. Errors: NotFound.

    A repetition within a day is accepted: the node is gone.
    """

    subject: ClassVar[str] = "command.scheduler.remove_node.v1"
    node_id: UUID
