"""Chooses which due deliveries are sent now, so that one slow receiver holds up nobody else.

Of one receiver (an owner's host) only few requests run at one time, of one owner some, and fewer
than in all.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

from webhooks.domain.records import Candidate

Receiver: TypeAlias = tuple[UUID, str]


@dataclass(frozen=True, slots=True)
class Shares:
    """Largest numbers of requests at one time."""

    in_all: int = 128
    of_owner: int = 16
    of_receiver: int = 4


def chosen(
    due: Iterable[Candidate], running: Collection[Candidate], shares: Shares
) -> list[Candidate]:
    """Return deliveries that may start beside those that run, in the order in which they came."""
    owners = Counter(one.owner_id for one in running)
    receivers = Counter((one.owner_id, one.host) for one in running)
    ids = {one.id for one in running}
    found: list[Candidate] = []
    for one in due:
        if len(running) + len(found) >= shares.in_all:
            break
        receiver = one.owner_id, one.host
        if (
            one.id in ids
            or owners[one.owner_id] >= shares.of_owner
            or receivers[receiver] >= shares.of_receiver
        ):
            continue
        owners[one.owner_id] += 1
        receivers[receiver] += 1
        found.append(one)
    return found


def full(
    running: Collection[Candidate], shares: Shares
) -> tuple[frozenset[UUID], frozenset[Receiver]]:
    """Return the owners and receivers that have their share, so nothing of theirs can start."""
    owners = Counter(one.owner_id for one in running)
    receivers = Counter((one.owner_id, one.host) for one in running)
    return (
        frozenset(owner for owner, count in owners.items() if count >= shares.of_owner),
        frozenset(one for one, count in receivers.items() if count >= shares.of_receiver),
    )
