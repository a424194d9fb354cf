"""Answers a creation that repeats an idempotency key with the thing that was created first."""

from typing import TypeAlias
from uuid import UUID

from contracts.access import IdempotencyKey
from contracts.scheduler.batches import SubmitBatch
from contracts.scheduler.job_changes import DeleteJob
from contracts.scheduler.job_requests import SubmitJob
from contracts.scheduler.node_requests import AddNode, RemoveNode
from scheduler.domain.context import StepContext
from scheduler.domain.effects import KeyName, KeyUse

Creation: TypeAlias = SubmitJob | SubmitBatch | AddNode
"""Commands that take an idempotency key."""
Removal: TypeAlias = RemoveNode | DeleteJob
Removable: TypeAlias = Removal | AddNode | SubmitJob
"""Commands about a thing that a removal may have taken away."""


def key_name(command: Creation, key: IdempotencyKey) -> KeyName:
    """Name the key's row; the operation is the verb of the command's subject: `submit_job`."""
    return command.actor.user_id, command.subject.split(".")[2], key.key


def find_created(context: StepContext, command: Creation) -> UUID | None:
    """Return the id that the key created; raise Conflict if another body came with it."""
    key = command.idempotency
    use = context.loaded.keys.get(key_name(command, key)) if key else None
    if key is None or use is None:
        return None
    key.refuse_other_body(use.body_digest)
    return use.created_id


def remember_created(context: StepContext, command: Creation, created_id: UUID) -> None:
    if key := command.idempotency:
        name, use = key_name(command, key), KeyUse(key.body_digest, created_id)
        context.loaded.keys[name] = context.effects.keys[name] = use


def removal_name(command: Removable) -> KeyName:
    """Name the row that remembers for a day that the node was removed, or the job deleted.

    A repeated removal succeeds, and a late repetition of the creation does not bring it back.
    """
    match command:
        case AddNode() | RemoveNode():
            return command.actor.user_id, "remove_node", str(command.node_id)
        case SubmitJob():
            return command.actor.user_id, "delete_job", str(command.job.job_id)
        case DeleteJob():
            return command.actor.user_id, "delete_job", str(command.job_id)


def is_removed(context: StepContext, command: Removable) -> bool:
    return removal_name(command) in context.loaded.keys


def remember_removed(context: StepContext, command: Removal, removed_id: UUID) -> None:
    name, use = removal_name(command), KeyUse("", removed_id)
    context.loaded.keys[name] = context.effects.keys[name] = use
