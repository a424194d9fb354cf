"""The bucket `workflows`: followed, and made equal to Postgres and to the fleet."""

from collections.abc import Callable, Mapping, Sequence

from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.registry.workflows import ModelFolder, ServerClasses, WorkflowName
from contracts.services import WORKFLOWS
from runtime.bus.client import Bus
from runtime.outbox import messages as outbox
from runtime.outbox.projection import Projection
from runtime.outbox.relay import Relay
from runtime.postgres.transaction import transaction
from workflow_registry.adapters.sql_workflows import SqlWorkflows


class WorkflowsBucket:
    """Entries of the bucket: names, versions, model folders and classes of servers."""

    def __init__(
        self,
        engine: AsyncEngine,
        bus: Bus,
        relay: Relay,
        workflows: SqlWorkflows,
        names_changed: Callable[[], None],
    ) -> None:
        self._engine = engine
        self._bus = bus
        self._relay = relay
        self._workflows = workflows
        self._names = Projection(WORKFLOWS, WorkflowName, "name.>", names_changed)
        self._models = Projection(WORKFLOWS, ModelFolder, "models.>")
        self._classes = Projection(WORKFLOWS, ServerClasses, "classes.>")

    def follow(self, runtime: Runtime) -> None:
        for projection in (self._names, self._models, self._classes):
            runtime.spawn(projection.follow(self._bus), name="")
