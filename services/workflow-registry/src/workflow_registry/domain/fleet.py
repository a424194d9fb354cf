"""Holds the state of the fleet as last seen: its nodes, and what their servers can run.

A parsed description takes some 20 MB, so equal classes are kept once for all of them.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cachetools import LRUCache

from contracts.registry.workflows import ServerClasses
from contracts.scheduler.nodes import NodeView
from contracts.values import Unmet
from workflow_registry.domain.descriptions import Description, union

MAX_RESULTS = 50_000
MAX_KINDS = 500


@dataclass(slots=True)
class Fleet:
    """The nodes of the fleet, the descriptions of their servers, and results worked out of them."""

    nodes: Sequence[NodeView] = ()
    seen_at: datetime | None = None
    """When the last look at the nodes began that succeeded."""
    described: frozenset[str] = frozenset()
    """Digests of enabled nodes whose description is stored."""
    together: Description = field(default_factory=lambda: Description({}, frozenset()))
    """The union of all descriptions."""
    united: frozenset[str] = frozenset()
    """Digests in `together`."""
    parsed: dict[str, Description] = field(default_factory=dict[str, Description])
    results: LRUCache[tuple[str, str], Sequence[Unmet]] = field(
        default_factory=lambda: LRUCache[tuple[str, str], Sequence[Unmet]](MAX_RESULTS)
    )
    """Unmet requirements by digest and version hash."""
    versions: frozenset[str] = frozenset()
    """Hashes of the published versions."""
    used: frozenset[str] = frozenset()
    """Graph-node classes of these versions."""
    server_classes: LRUCache[tuple[str, frozenset[str]], ServerClasses] = field(
        default_factory=lambda: LRUCache[tuple[str, frozenset[str]], ServerClasses](MAX_KINDS)
    )
    """Published classes by digest and `used`."""
    _pool: dict[bytes, Mapping[str, Any]] = field(default_factory=dict[bytes, Mapping[str, Any]])

    def add(self, digest: str, description: Description) -> Description:
        """Keep a parsed description, its classes shared with the others: most servers are alike."""
        classes = {
            name: self._pool.setdefault(content_digest(info), info)
            for name, info in description.classes.items()
        }
        self.parsed[digest] = Description(classes, description.models)
        return self.parsed[digest]

    def unite(self, digests: frozenset[str]) -> None:
        """Compute `together` from these parsed descriptions and drop all others."""
        self.parsed = {digest: self.parsed[digest] for digest in sorted(digests)}
        self.together, self.united = union(self.parsed.values()), digests
        # by identity: the pool holds the very objects that the descriptions refer to
        alive = {id(info) for found in self.parsed.values() for info in found.classes.values()}
        self._pool = {key: info for key, info in self._pool.items() if id(info) in alive}


def content_digest(info: Mapping[str, Any]) -> bytes:
    return hashlib.blake2b(json.dumps(info).encode(), digest_size=16).digest()
