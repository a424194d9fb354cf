from uuid import UUID

from comfyfleet.client.errors import ApiError
from comfyfleet.local_nodes import LABEL, reconcile
from contracts.scheduler.nodes import NodePhase, NodeView
from contracts.values import new_id


def a_node(url: str, *, labels: dict[str, str] | None = None) -> NodeView:
    return NodeView(
        id=new_id(),
        name=url.removeprefix("http://"),
        base_url=url,
        phase=NodePhase.READY,
        is_enabled=True,
        max_queue=2,
        priority=0,
        labels=LABEL if labels is None else labels,
        pool="default",
    )


class FakeNodes:
    code = "node_exists"

    def __init__(self, *present: NodeView) -> None:
        self.present = list(present)

    def nodes(self) -> list[NodeView]:
        return list(self.present)

    def add_node(self, name: str, base_url: str, labels: dict[str, str]) -> NodeView:
        if any(node.name == name for node in self.present):
            raise ApiError("exists", 409, self.code)
        self.present.append(a_node(base_url, labels=labels))
        return self.present[-1]

    def remove_node(self, node_id: UUID) -> None:
        self.present = [node for node in self.present if node.id != node_id]

    @property
    def urls(self) -> set[str]:
        return {node.base_url for node in self.present}


def test_missing_servers_are_added_and_dropped_ones_removed() -> None:
    fleet = FakeNodes(a_node("http://old:1"), a_node("http://kept:1"))
    told: list[str] = []
    reconcile(fleet, ["http://kept:1", "http://new:1"], told.append)
    assert fleet.urls == {"http://kept:1", "http://new:1"}
    assert told == ["removed node old:1 (http://old:1)", "added node http://new:1"]


def test_what_an_operator_added_by_hand_is_left_alone() -> None:
    fleet = FakeNodes(a_node("http://mine:1", labels={}))
    reconcile(fleet, ["http://new:1"], lambda _: None)
    assert fleet.urls == {"http://mine:1", "http://new:1"}


def test_nothing_to_do_changes_nothing() -> None:
    fleet = FakeNodes(a_node("http://kept:1"))
    before = fleet.nodes()
    reconcile(fleet, ["http://kept:1"], lambda _: None)
    assert fleet.nodes() == before
