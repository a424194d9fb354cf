"""A workflow registry as small as the gateway's tests need it, on a real bus."""

from contracts.errors import ConflictError
from contracts.registry.requests import (
    ActivateVersion,
    ChangeWorkflow,
    CoverageView,
    DeleteWorkflow,
    FindCoverage,
    ListVersions,
    NodeCoverage,
    ProposalView,
    ProposeSpec,
    UploadView,
    UploadWorkflow,
    ValidateWorkflow,
    ValidationView,
    VersionPage,
)
from contracts.registry.workflows import WorkflowEntry
from contracts.scheduler.nodes import NodePhase
from contracts.services import WORKFLOWS
from contracts.values import new_id
from runtime.bus.client import Bus
from runtime.outbox.messages import put
from runtime.outbox.relay import publish

COVERAGE = CoverageView(
    is_runnable=True,
    nodes=[
        NodeCoverage(
            node_id=new_id(), name="a", phase=NodePhase.READY, is_described=True, is_runnable=True
        )
    ],
)


class FakeRegistry:
    """Remembers what was asked; `solid` comes from the folder."""

    def __init__(self) -> None:
        self.uploads: list[UploadWorkflow] = []
        self.changes: list[ChangeWorkflow] = []

    async def serve(self, bus: Bus) -> None:
        self.bus = bus
        await bus.serve(UploadWorkflow, self.upload)
        await bus.serve(ValidateWorkflow, self.validate)
        await bus.serve(ProposeSpec, self.propose)
        await bus.serve(ActivateVersion, self.activate)
        await bus.serve(ChangeWorkflow, self.change)
        await bus.serve(DeleteWorkflow, self.delete)
        await bus.serve(ListVersions, self.list)
        await bus.serve(FindCoverage, self.cover)

    async def upload(self, request: UploadWorkflow) -> UploadView:
        is_new = request not in self.uploads
        self.uploads.append(request)
        await self.tell("mine")
        return UploadView(
            name="mine",
            version=1,
            hash="0" * 64,
            is_new=is_new,
            is_active=request.activate,
            coverage=COVERAGE,
        )

    async def validate(self, request: ValidateWorkflow) -> ValidationView:
        return ValidationView(
            name="mine", hash="0" * 64, version=None, spec=request.spec, coverage=COVERAGE
        )

    async def propose(self, request: ProposeSpec) -> ProposalView:
        return ProposalView(spec={"name": request.name}, graph=request.graph)

    async def activate(self, request: ActivateVersion) -> WorkflowEntry:
        return await self.tell(request.name)

    async def change(self, request: ChangeWorkflow) -> WorkflowEntry:
        self.changes.append(request)
        return await self.tell(request.name, is_enabled=request.is_enabled)

    async def delete(self, request: DeleteWorkflow) -> WorkflowEntry:
        return await self.tell(request.name, is_deleted=True)

    async def tell(self, name: str, **more: object) -> WorkflowEntry:
        """Publish it, as the real one does."""
        known = a_workflow(name).model_copy(update=more)
        await publish(self.bus, [put(WORKFLOWS, f"name.{name}", known)])
        return known

    async def list(self, _: ListVersions) -> VersionPage:
        return VersionPage(items=[])

    async def cover(self, _: FindCoverage) -> CoverageView:
        return COVERAGE


def a_workflow(name: str) -> WorkflowEntry:
    if name == "solid":
        raise ConflictError("it comes from the folder", code="other_source")
    return WorkflowEntry(
        name=name, active_version=1, versions={1: "0" * 64}, title=name, category="image"
    )
