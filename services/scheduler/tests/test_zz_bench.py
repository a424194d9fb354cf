import asyncio, time, psutil
from contextlib import AsyncExitStack
from .fleet import *
from runtime.bus import Bus
async def test_bench(nats, postgres, tmp_path):
    url = await postgres.database_for("scheduler")
    s = Schedulers(nats, url, tmp_path/"log")
    p = s.start()
    async with Bus.connect(nats.url, service="gateway", password=nats.passwords["gateway"]) as g, Bus.connect(nats.url, service="node-agent", password=nats.passwords["node-agent"]) as a, AsyncExitStack() as st:
        ags=[]
        for i in range(30):
            node = await g.call(an_added_node(), within=15)
            ag = FakeAgent(a, node.id); ags.append(ag)
            await ag.start(); st.push_async_callback(ag.stop)
        proc = psutil.Process(p.pid)
        c0 = sum(proc.cpu_times()[:2]); t0=time.monotonic()
        N=2000
        sem=asyncio.Semaphore(200)
        big = ADMIN.model_copy(update={"limits": ADMIN.limits.model_copy(update={"max_waiting_jobs":100000})})
        async def one():
            async with sem: await g.call(a_submit(actor=big))
        await asyncio.gather(*(one() for _ in range(N)))
        t1=time.monotonic()
        while sum(len(x.finished) for x in ags) < N: await asyncio.sleep(0.05)
        t2=time.monotonic(); c1=sum(proc.cpu_times()[:2])
        print("submit", N/(t1-t0), "all", N/(t2-t0), "cpu us/job", (c1-c0)/N*1e6)
    p.terminate(); p.wait(20)
    assert 0
