"""Webhooks of a whole fleet: signed, complete over kills, and told apart when repeated."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from standardwebhooks import Webhook

from comfyfleet.supervision import state
from comfyfleet.testing import LocalFleet
from runtime.testing.ports import free_port, wait_for_port, wait_until
from runtime.testing.receiver import a_receiver

from .test_jobs import finish, submit

README = Path(__file__).parents[2] / "README.md"


def test_the_receiver_of_the_readme_verifies_what_the_fleet_sends(
    fleet: LocalFleet, api: httpx.Client, tmp_path: Path
) -> None:
    _, code = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    port = free_port()
    made = fleet.run("webhooks", "create", f"http://127.0.0.1:{port}/", "--event", "job.completed")
    webhook_id, secret = made.split()
    code = code.replace("whsec_…", secret).replace('("", 9000)', f'("127.0.0.1", {port})')
    output = tmp_path / "output"
    with output.open("wb") as file:
        receiver = subprocess.Popen([sys.executable, "-c", code], stdout=file, stderr=file)
    try:
        wait_for_port(port)
        job = finish(api, "solid")
        wait_until(lambda: job["id"] in output.read_text(), "the job's end was not told")
        fleet.run("webhooks", "test", webhook_id)
    finally:
        receiver.kill()
        receiver.wait(10)
        fleet.run("webhooks", "delete", webhook_id)
    assert "webhook.test" in output.read_text()


def kill(fleet: LocalFleet) -> None:
    """Kill the service webhooks, and return once it is ready again."""
    pid = fleet.pid("webhooks")
    os.kill(pid, signal.SIGKILL)

    def is_back() -> bool:
        running = state.load(fleet.home.state)
        return any(
            child.name == "webhooks" and child.phase == "ready" and child.pid != pid
            for child in (running.children if running else [])
        )

    wait_until(is_back, "webhooks did not come back", 60)


@pytest.mark.timeout(300)
def test_a_kill_at_any_moment_loses_no_event_and_a_repeat_has_its_id(
    fleet: LocalFleet, api: httpx.Client
) -> None:
    secret = api.get("/v1/webhooks/secret").json()["secret"]
    with a_receiver(hangs=True) as receiver:
        body = {"url": receiver.url, "event_types": ["job.queued", "job.completed"]}
        made = api.post("/v1/webhooks", json=body).json()
        own = {"webhook": receiver.url.replace("/hooks", "/own")}
        jobs = [finish(api, "solid")["id"]]
        wait_until(lambda: receiver.waiting > 0, "nothing was sent")
        kill(fleet)  # while the receiver has the request
        receiver.hangs = False
        receiver.released.set()
        for _ in range(3):
            jobs += [api.post("/v1/jobs", json={"workflow": "solid", **own}).json()["id"]]
            jobs += [submit(api, "solid")["id"]]
            kill(fleet)
        wanted = {f"{kind} {job}" for job in jobs for kind in ("job.queued", "job.completed")}

        def told(path: str, secret: str) -> set[str]:
            requests = [one for one in receiver.requests if one.path == path]
            events = [Webhook(secret).verify(one.body, one.headers) for one in requests]
            return {f"{one['type']} {one['data']['job_id']}" for one in events}

        wait_until(lambda: told("/hooks", made["secret"]) == wanted, "events were lost", 60)
        wanted_own = {f"job.completed {job}" for job in jobs[1::2]}
        wait_until(lambda: told("/own", secret) == wanted_own, "ends of jobs were lost", 60)
        ids = {(one.path, one.id) for one in receiver.requests}
        assert len(ids) == len(wanted) + len(wanted_own)
        assert len(receiver.requests) > len(ids), "the killed request was repeated"
    assert api.delete(f"/v1/webhooks/{made['webhook']['id']}").status_code == 204
