"""Decides which agent has which node: nodes are claimed and described."""

from collections.abc import Iterable

from contracts.errors import ConflictError, NotFoundError
from contracts.message import Accepted
from contracts.scheduler.claims import ClaimNode, ReportCapabilities
from contracts.scheduler.jobs import JobStatus
from scheduler.domain.context import StepContext
from scheduler.domain.effects import ClaimGranted
from scheduler.domain.node_entries import claimed_node, put_node_entry
from scheduler.domain.nodes import (
    ClaimStatus,
    Contact,
    IncompleteReport,
    Node,
    NodeCapabilities,
)


def claim_node(context: StepContext, command: ClaimNode) -> ClaimGranted:
    """Give a node to an agent, unless another living agent has it."""
    node = context.state.nodes.get(command.node_id)
    if node is None or not (node.settings.is_enabled or node.attempts):
        raise NotFoundError("there is no such node")
    if not node.is_readable:
        raise ConflictError("the node's row cannot be read", code="node_unreadable")
    # A claim shows that agents can be heard, so the silence of the previous agent counts.
    context.state.clock.note_beat(context.now.steady)
    if node.agent_id != command.agent_id:
        if not node.is_claimable:
            raise ConflictError("a living agent has the node", code="claimed")
        node.agent_id = command.agent_id
        node.claim += 1
        node.claim_status = ClaimStatus.WANTED
        adopt(context, node)
        put_node_entry(context, node)
    granted = claimed_node(node, context.state.secret)
    return ClaimGranted(granted, tuple(node.attempts.values()))


def adopt(context: StepContext, node: Node) -> None:
    """Give the new agent time to look for the attempts that the previous one left."""
    now = context.state.clock.now
    node.contact = Contact(heard_at=now, reached_at=now)
    for attempt in node.attempts.values():
        attempt.confirmed_at = None
        attempt.omitted = 0
        attempt.is_inherited = True
        attempt.asked_at = now
        context.effects.stop_repeating.append(attempt.id)
        if attempt.job.status is JobStatus.CANCELING:
            context.effects.recall(node, attempt.id)


def free_claim(context: StepContext, node: Node) -> None:
    """Take the claim from the node's agent, if one has it; the next agent finds the attempts."""
    if node.agent_id is not None:
        node.agent_id = None
        node.claim += 1
        node.claim_status = ClaimStatus.WANTED
        adopt(context, node)
    put_node_entry(context, node)


def report_capabilities(context: StepContext, command: ReportCapabilities) -> Accepted:
    node = context.state.nodes.get(command.node_id)
    if node is None or command.claim != node.claim:
        raise ConflictError("another agent owns the node now", code="stale_claim")
    if not node.is_readable:
        return Accepted()  # it gets no job, whatever it can run
    can, previous = command.capabilities, node.capabilities
    if command.page and node.incomplete_report is None and can.digest == previous.digest:
        return Accepted()  # the last page came twice
    report = collected(node, command)
    if report.page_count == command.pages:
        node.incomplete_report = None
        found = NodeCapabilities(
            digest=can.digest or "none",
            engine_version=can.engine_version,
            classes=frozenset(report.classes),
            models=frozenset(report.models),
            devices=tuple(command.devices),
        )
        # names count beside the digest: the agent of an older release may have left some out
        if found != previous:
            take_capabilities(context, node, found)
    return Accepted()


def take_capabilities(context: StepContext, node: Node, found: NodeCapabilities) -> None:
    node.capabilities = found
    share_names(context.state.nodes.values(), node)
    node.refused_versions.clear()
    context.state.eligibility.forget()
    context.effects.capabilities[node.id] = node


def collected(node: Node, command: ReportCapabilities) -> IncompleteReport:
    """Return the pages so far, with the command's; a page may come twice, and none is skipped."""
    digest, page = command.capabilities.digest, command.page
    report = node.incomplete_report
    if page == 0 or report is None or report.digest != digest:
        report = node.incomplete_report = IncompleteReport(digest)
    if page > report.page_count:
        raise ConflictError(f"page {report.page_count} comes next", code="page_missing")
    if page == report.page_count:
        report.add(command.capabilities)
    return report


def share_names(nodes: Iterable[Node], node: Node) -> None:
    """Let nodes with equal names share one copy of them: equal servers have megabytes each."""
    can = node.capabilities
    for other in nodes:
        has = other.capabilities
        if other is not node and has.digest == can.digest:
            can.classes = has.classes if has.classes == can.classes else can.classes
            can.models = has.models if has.models == can.models else can.models
            return
