"""A proxy before ComfyUI demands a header, which only the answer to a claim has."""

import ssl
from pathlib import Path
from typing import Any

from contracts.agent import Outcome
from contracts.scheduler.nodes import NodeEntry
from contracts.services import NODES
from runtime.bus.bucket import read_value
from runtime.testing.certificates import make_certificate
from runtime.testing.ports import eventually
from runtime.testing.relay import relay

from .fleet import Fleet, an_order
from .graphs import quick, slow_steps


def with_key(key: str) -> dict[str, Any]:
    return {"headers": {"X-Key": key}, "headers_digest": f"digest of {key}"}


async def test_a_node_behind_a_proxy_runs_a_job(fleet: Fleet, engine_url: str) -> None:
    order = an_order(await fleet.publish(quick()))
    async with relay(engine_url) as proxy:
        proxy.demands = b"X-Key: one"
        entry = await fleet.add_node(f"http://{proxy.endpoint}", **with_key("one"))
        async with fleet.agent():
            await fleet.ready(entry)
            await fleet.run(entry, order)
            end = await fleet.outcome(order)
        published = await read_value(fleet.scheduler, NODES, str(entry.node_id))

    assert end.outcome is Outcome.COMPLETED
    assert published
    assert NodeEntry.model_validate_json(published).headers_digest == "digest of one"
    assert b"X-Key" not in published


async def test_a_changed_header_reaches_the_agent_while_an_attempt_runs(
    fleet: Fleet, engine_url: str
) -> None:
    order = an_order(await fleet.publish(slow_steps(steps=100, seconds_per_step=0.05)))
    async with relay(engine_url) as proxy:
        proxy.demands = b"X-Key: one"
        entry = await fleet.add_node(f"http://{proxy.endpoint}", **with_key("one"))
        async with fleet.agent():
            await fleet.ready(entry)
            await fleet.run(entry, order)
            await eventually(lambda: any(seen.progress.step for seen in fleet.progress))
            proxy.demands, fleet.live = b"X-Key: two", [order]
            await fleet.sees(entry, lambda beat: not beat.is_reachable)
            await fleet.wish(entry.model_copy(update=with_key("two")))
            await fleet.ready(entry)
            end = await fleet.outcome(order)
        posts = [line for line in proxy.seen if line.startswith(b"POST /prompt")]

    assert end.outcome is Outcome.COMPLETED
    assert len(posts) == 1
    assert fleet.claims[entry.node_id] == 1


async def test_a_proxy_with_a_certificate_of_its_own_is_trusted_when_told(
    fleet: Fleet, engine_url: str, tmp_path: Path
) -> None:
    order = an_order(await fleet.publish(slow_steps(steps=20, seconds_per_step=0.02)))
    certificate = make_certificate(tmp_path)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate, tmp_path / "key.pem")
    async with relay(engine_url, tls) as proxy:
        entry = await fleet.add_node(f"https://{proxy.endpoint}")
        async with fleet.agent():
            await fleet.sees(entry, lambda beat: "not trusted" in (beat.reason or ""))
            trusting = {"engine_settings": {"ca_certificates": certificate.read_text()}}
            await fleet.wish(entry.model_copy(update=trusting))
            await fleet.ready(entry)
            await fleet.run(entry, order)
            end = await fleet.outcome(order)
            mistaken = {"engine_settings": {"ca_certificates": "none"}}
            await fleet.wish(entry.model_copy(update=mistaken))
            await fleet.sees(entry, lambda beat: "ca_certificates" in (beat.reason or ""))
        sockets = [line for line in proxy.seen if line.startswith(b"GET /ws")]

    assert end.outcome is Outcome.COMPLETED
    assert any(seen.progress.step for seen in fleet.progress)
    assert sockets
