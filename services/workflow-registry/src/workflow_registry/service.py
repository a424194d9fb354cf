"""Defines `Registry`, the first argument of every handler."""

import asyncio
from dataclasses import dataclass, field

from workflow_registry.domain.checks import Rules
from workflow_registry.domain.files import Files
from workflow_registry.domain.fleet import Fleet
from workflow_registry.domain.folder import FolderContent
from workflow_registry.ports import Bucket, Descriptions, Graphs, Jobs, Nodes, Presets, Workflows


@dataclass(slots=True)
class FolderState:
    """The folder as it was last read, so that only changed workflows are checked."""

    content: FolderContent = field(default_factory=FolderContent)
    files: Files | None = None
    """None: the folder was not read yet."""
    library: str | None = None
    """The parameter library, which uploads may use too."""
    is_adopted: bool = False
    """Its workflows are stored, so that gateways may say what does not exist."""
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(frozen=True, slots=True)
class Registry:
    """Ports, limits and state of one process."""

    workflows: Workflows
    graphs: Graphs
    presets: Presets
    jobs: Jobs
    descriptions: Descriptions
    nodes: Nodes
    bucket: Bucket
    forbidden: tuple[str, ...]
    """Patterns of graph-node classes that no workflow may have."""
    fleet_changed: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a description or a published workflow changed."""
    looking: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while the registry looks at the fleet."""
    fleet: Fleet = field(default_factory=Fleet)
    folder: FolderState = field(default_factory=FolderState)

    @property
    def rules(self) -> Rules:
        return Rules(self.forbidden, self.fleet.together.classes)
