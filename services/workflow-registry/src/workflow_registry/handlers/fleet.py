"""What the fleet can do, as last seen; and whether it can run the workflows."""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import structlog

from contracts.errors import NotFoundError, UnavailableError
from contracts.registry.requests import CoverageView
from contracts.registry.workflows import WorkflowName, WorkflowVersionRecord
from contracts.scheduler.nodes import NodeView
from contracts.values import Unmet
from workflow_registry.domain.catalogue import Verdict, judged
from workflow_registry.domain.coverage import coverage, is_runnable, missing, nearest
from workflow_registry.domain.descriptions import Description, sharing, united
from workflow_registry.ports import Catalogue, Descriptions
from workflows import Spec

log = structlog.get_logger()

MOST_RESULTS = 50_000
MOST_UNITED = 8
Lacking: TypeAlias = dict[str, Sequence[Unmet]]


@dataclass(slots=True)
class Fleet:
    """The nodes with all that they can do, each and together.

    A description is some 20 MB in memory, so that equal classes are kept once for all.
    """

    descriptions: Descriptions
    nodes: Sequence[NodeView] = ()
    described: frozenset[str] = frozenset()
    """Digests of the nodes whose description is stored."""
    together: Description = field(default_factory=lambda: Description({}, frozenset()))
    _united: frozenset[str] = frozenset()
    _parsed: dict[str, Description] = field(default_factory=dict[str, Description])
    _pool: dict[bytes, Mapping[str, Any]] = field(default_factory=dict[bytes, Mapping[str, Any]])
    _results: OrderedDict[tuple[str, str], Sequence[Unmet]] = field(
        default_factory=OrderedDict[tuple[str, str], Sequence[Unmet]]
    )

    async def see(self, nodes: Sequence[NodeView]) -> bool:
        """Take note of the nodes; whether the fleet can do other things than before."""
        self.nodes = nodes
        digests = {node.digest for node in nodes if node.digest and node.is_enabled}
        self.described = frozenset(await self.descriptions.known(digests) if digests else ())
        return await self.unite(self.described)

    async def remember(self) -> None:
        """Before any node is seen: what the fleet could do last time."""
        await self.unite(frozenset(await self.descriptions.newest(MOST_UNITED)))

    async def unite(self, digests: frozenset[str]) -> bool:
        if digests == self._united or not digests:
            return False
        self.together = united([await self.parsed(digest) for digest in sorted(digests)])
        self._united = digests
        self.drop_others(digests)
        return True

    def drop_others(self, digests: frozenset[str]) -> None:
        self._parsed = {digest: self._parsed[digest] for digest in digests}
        alive = {id(info) for found in self._parsed.values() for info in found.classes.values()}
        self._pool = {key: info for key, info in self._pool.items() if id(info) in alive}

    async def parsed(self, digest: str) -> Description:
        found = self._parsed.get(digest)
        if found is None:
            try:
                found = sharing(await self.descriptions.read(digest), self._pool)
            except NotFoundError as error:
                raise UnavailableError("a server's description is gone") from error
            self._parsed[digest] = found
        return found

    def lacking(self, version_hash: str) -> Lacking | None:
        """What each described server lacks, by digest; None if that is not worked out yet."""
        found: Lacking = {}
        for digest in self.described:
            result = self._results.get((digest, version_hash))
            if result is None:
                return None
            found[digest] = result
        return found

    async def work_out(self, version: WorkflowVersionRecord) -> Lacking:
        """The same, worked out where it is not."""
        spec = Spec.model_validate(version.spec)
        found: Lacking = {}
        for digest in sorted(self.described):
            key = (digest, version.hash)
            if key not in self._results:
                description = await self.parsed(digest)
                lacks = await asyncio.to_thread(missing, version.graph, spec, description)
                self._results[key] = lacks
                if len(self._results) > MOST_RESULTS:
                    self._results.popitem(last=False)
            found[digest] = self._results[key]
        return found

    async def coverage(self, version: WorkflowVersionRecord) -> CoverageView:
        return coverage(self.nodes, await self.work_out(version))


async def judge_workflows(
    fleet: Fleet, catalogue: Catalogue, names: Mapping[str, WorkflowName]
) -> None:
    """Say of every active version whether the fleet can run it; only news are stored."""
    verdicts = {
        workflow.name: await verdict(fleet, catalogue, workflow) for workflow in names.values()
    }
    known = {name: found for name, found in verdicts.items() if found}
    if judged({workflow.name: workflow for workflow in names.values()}, known):
        for change in await catalogue.update(lambda stored: judged(stored, known)):
            log.info(
                "workflow_judged",
                workflow=change.workflow.name,
                runnable=change.workflow.is_runnable,
                unmet=[entry.name for entry in change.workflow.unmet[:3]],
            )


async def verdict(fleet: Fleet, catalogue: Catalogue, workflow: WorkflowName) -> Verdict | None:
    digest = workflow.versions.get(workflow.active_version or 0)
    if digest is None:
        return None
    lacking = fleet.lacking(digest)
    if lacking is None:
        try:
            lacking = await fleet.work_out(await catalogue.version(digest))
        except NotFoundError:  # the bucket is ahead of, or behind, the database
            return None
    runnable = is_runnable(fleet.nodes, lacking)
    return Verdict(digest, runnable, [] if runnable else nearest(lacking))
