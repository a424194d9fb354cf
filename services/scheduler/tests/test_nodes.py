"""Questions of operators about nodes are answered whole, and their changes outlive the leader."""

import pytest

from contracts.errors import InvalidError, NotFoundError
from contracts.scheduler.claims import ClaimNode, ReportCapabilities
from contracts.scheduler.job_requests import ModelFile
from contracts.scheduler.node_requests import (
    CapabilityNames,
    ChangeNode,
    DrainNode,
    FindNode,
    ListCapabilities,
)
from contracts.scheduler.nodes import Capabilities, NodeChanges
from contracts.values import new_id
from runtime.bus.client import Bus

from .fleet import ADMIN, Schedulers, an_added_node

CLASSES = [f"{number:05} {'€' * 150}" for number in range(2_000)]
MODELS = [ModelFile(folder="loras", name=f"{number:05} {'x' * 300}") for number in range(2_000)]


async def test_all_that_a_node_can_run_is_listed_however_much_it_is(
    schedulers: Schedulers, gateway: Bus, agents: Bus
) -> None:
    schedulers.start()
    node = await gateway.call(an_added_node(), within=15)
    query = ListCapabilities(actor=ADMIN, node_id=node.id)
    empty = await gateway.call(query)
    claim = (await agents.call(ClaimNode(agent_id=new_id(), node_id=node.id))).claim

    async def report(digest: str) -> None:
        parts = [
            Capabilities(digest=digest, engine_version="1", classes=part, models=[])
            for part in (CLASSES[:1_000], CLASSES[1_000:])
        ]
        last = Capabilities(digest=digest, engine_version="1", classes=[], models=MODELS[:900])
        rest = last.model_copy(update={"models": MODELS[900:]})
        for page, can in enumerate((*parts, last, rest)):
            ids = {"node_id": node.id, "claim": claim, "page": page, "pages": 4}
            await agents.call(ReportCapabilities.model_validate({**ids, "capabilities": can}))

    await report("a")
    pages = [await gateway.call(query)]
    while cursor := pages[-1].next_cursor:
        pages.append(await gateway.call(query.model_copy(update={"cursor": cursor})))
    await report("b")
    old = query.model_copy(update={"cursor": pages[0].next_cursor})
    with pytest.raises(InvalidError, match="next_cursor"):
        await gateway.call(old)

    assert empty == CapabilityNames(
        digest=None, engine_version=None, devices=[], classes=[], models=[]
    )
    assert len(pages) > 1
    assert [name for page in pages for name in page.classes] == CLASSES
    assert [model for page in pages for model in page.models] == MODELS
    with pytest.raises(NotFoundError):
        await gateway.call(ListCapabilities(actor=ADMIN, node_id=new_id()))


async def test_a_drain_and_new_settings_outlive_the_leader(
    schedulers: Schedulers, gateway: Bus
) -> None:
    schedulers.start()
    node_id = (await gateway.call(an_added_node(), within=15)).id
    changes = NodeChanges(name="other", base_url="http://10.9.9.9:8188", labels={"rack": "7"})
    await gateway.call(ChangeNode(actor=ADMIN, node_id=node_id, changes=changes))
    before = await gateway.call(DrainNode(actor=ADMIN, node_id=node_id))
    schedulers.kill_all()
    schedulers.start()
    after = await gateway.call(FindNode(actor=ADMIN, node_id=node_id), within=15)

    assert after == before
    assert (after.is_draining, after.name, after.labels) == (True, "other", {"rack": "7"})
