"""Declares the events about nodes."""

from typing import ClassVar
from uuid import UUID

from contracts.event import Event


class NodeEvent(Event):
    """An event about a node: any event below."""

    sent_by: ClassVar = ("scheduler",)
    aggregate_key = "node_id"
    consumed_by: ClassVar = ("workflow-registry",)

    node_id: UUID
    name: str
    reason: str | None = None


class NodeAdded(NodeEvent):
    """An operator added a node."""

    subject: ClassVar[str] = "event.node.added.v1.{node_id}"


class NodeJoined(NodeEvent):
    """An agent has claimed the node, and it can take jobs."""

    subject: ClassVar[str] = "event.node.joined.v1.{node_id}"


class NodeLost(NodeEvent):
    """Nothing was heard of the node for 4 s."""

    subject: ClassVar[str] = "event.node.lost.v1.{node_id}"


class NodeQuarantined(NodeEvent):
    """The node harms jobs and gets none until a trial on it passes."""

    subject: ClassVar[str] = "event.node.quarantined.v1.{node_id}"


class NodeRemoved(NodeEvent):
    """An operator removed the node."""

    subject: ClassVar[str] = "event.node.removed.v1.{node_id}"
