"""Declares what operators ask and change about nodes."""

from typing import ClassVar
from uuid import UUID

from pydantic import Field

from contracts.access import Actor, IdempotencyKey, UserCommand
from contracts.message import Accepted, Query
from contracts.scheduler.nodes import NewNode, NodeView
from contracts.values import Page


class NodePage(Page[NodeView]):
    """A page of nodes, by id."""


class ListNodes(Query[NodePage]):
    """List the nodes of the fleet by pages; a page has as many as fit into one answer."""

    subject: ClassVar[str] = "query.scheduler.list_nodes.v1"
    sent_by: ClassVar = ("gateway", "workflow-registry")
    actor: Actor
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


class RemoveNode(UserCommand[Accepted]):
    """Remove a node; its jobs run again on other nodes. Errors: NotFound.

    A repetition within a day is accepted: the node is gone.
    """

    subject: ClassVar[str] = "command.scheduler.remove_node.v1"
    node_id: UUID
