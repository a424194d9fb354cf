"""The part of a submission that is no input: options of the jobs, and the key of its repeats."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import NAMESPACE_OID, uuid4, uuid5

REPEAT = "Idempotency-Repeat"
REJECT = "reject"


@dataclass(frozen=True, slots=True)
class JobOptions:
    """Options of a new job, a batch or a retry; without a key each submission makes new jobs."""

    fields: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Of the request's body: priority, deadline, labels, if_unrunnable."""
    key: str | None = None
    rejects_repeats: bool = False

    def headers(self) -> dict[str, str]:
        headers = {"Idempotency-Key": self.key or str(uuid4())}
        return headers | ({REPEAT: REJECT} if self.rejects_repeats else {})

    def key_of_upload(self, *names: object) -> str | None:
        """Return a key under which a repeat uploads the file again and gets the first upload.

        Else the ids of its files would make a repeated request another one.
        """
        return str(uuid5(NAMESPACE_OID, repr((self.key, *names)))) if self.key else None


NO_OPTIONS = JobOptions()
