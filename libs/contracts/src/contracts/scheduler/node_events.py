"""Declares the events about nodes."""

from typing import ClassVar
from uuid import UUID

from pydantic import Field

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
    """An operator added a node, or an agent one that it runs itself."""

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


class NodeChanged(NodeEvent):
    """An operator changed settings of the node, or its agent those that it decides."""

    subject: ClassVar[str] = "event.node.changed.v1.{node_id}"
    changed: list[str] = Field(
        default_factory=list[str], description="Names of the changed settings."
    )


class NodeDraining(NodeEvent):
    """An operator drains the node: it finishes its attempts and gets no new job."""

    subject: ClassVar[str] = "event.node.draining.v1.{node_id}"


class NodeDrained(NodeEvent):
    """The last attempt of a draining or disabled node has ended."""

    subject: ClassVar[str] = "event.node.drained.v1.{node_id}"


class NodeResumed(NodeEvent):
    """An operator resumed a drained node: it gets jobs again."""

    subject: ClassVar[str] = "event.node.resumed.v1.{node_id}"


class NodeDisabled(NodeEvent):
    """An operator disabled the node: it finishes its attempts, then no agent has it."""

    subject: ClassVar[str] = "event.node.disabled.v1.{node_id}"


class NodeEnabled(NodeEvent):
    """An operator enabled the node again."""

    subject: ClassVar[str] = "event.node.enabled.v1.{node_id}"


class NodeRemoved(NodeEvent):
    """An operator removed the node."""

    subject: ClassVar[str] = "event.node.removed.v1.{node_id}"
