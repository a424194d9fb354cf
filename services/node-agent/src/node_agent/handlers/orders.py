"""What the scheduler asks of a node: run an attempt, or make sure that it does not run."""

from contracts.agent import Accepted, AttemptOrder, CancelAttempt, RunAttempt
from contracts.scheduler.nodes import AttemptPhase
from node_agent.domain.admission import refusal, stale
from node_agent.handlers.attempt import report_canceled, run_attempt
from node_agent.handlers.node import Attempt, Node


async def accept_attempt(node: Node, message: RunAttempt) -> Accepted:
    """Take an attempt in hand. The same order again changes nothing."""
    standing = node.standing()
    if why := stale(standing, message.claim, message.epoch):
        raise why
    node.leadership.heard(message.epoch, node.leadership.heard_at)
    attempt_id = message.order.attempt_id
    if attempt_id in node.attempts:
        return Accepted()
    if node.gone.has(attempt_id, node.now):
        # a cancel overtook the order, or its report and this repetition crossed
        node.spawn(report_canceled(node, attempt_id), name=f"gone {attempt_id}")
        return Accepted()
    if why := refusal(standing, (a.phase for a in node.attempts.values())):
        raise why
    take(node, message.order)
    return Accepted()


def take(node: Node, order: AttemptOrder) -> None:
    attempt = Attempt(order)
    node.attempts[attempt.id] = attempt
    node.enter(attempt, AttemptPhase.PREPARING)
    node.spawn(run_attempt(node, attempt), name=f"attempt {attempt.id}")


async def cancel_attempt(node: Node, message: CancelAttempt) -> Accepted:
    """Stop the attempt if it is here, and never start it if it comes later."""
    if why := stale(node.standing(), message.claim, message.epoch):
        raise why
    attempt_id = message.attempt_id
    is_known = node.gone.has(attempt_id, node.now)
    node.gone.add(attempt_id, node.now)
    if attempt := node.attempts.get(attempt_id):
        attempt.cancel()
    elif not is_known:
        node.spawn(report_canceled(node, attempt_id), name=f"gone {attempt_id}")
    return Accepted()
