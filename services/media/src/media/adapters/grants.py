"""Grants as the scheduler signs them (see `runtime.grants`)."""

from uuid import UUID

from contracts.errors import ForbiddenError
from media.domain.rights import Rights
from media.ports import Clock
from runtime.grants import read


class SignedGrants:
    """Reads grants with the secret that scheduler and media share."""

    def __init__(self, secret: str, clock: Clock) -> None:
        self._secret = secret
        self._clock = clock

    def admit(self, grant: str, node_id: UUID) -> Rights:
        """Raises Forbidden if it is forged, too old, or another node's."""
        granted = read(grant, self._secret, self._clock())
        # NATS lets an agent send only under its own node id, so the subject tells who asks.
        if granted.node_id != node_id:
            raise ForbiddenError("the grant is another node's", code="bad_grant")
        return Rights(
            granted.attempt_id,
            granted.job_id,
            granted.owner_id,
            tuple(granted.media),
            granted.workflow,
            granted.labels,
            granted.is_bare,
        )
