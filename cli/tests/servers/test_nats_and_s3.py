import os
import signal
from io import BytesIO
from pathlib import Path

from minio import Minio

from comfyfleet.secrets import FleetSecrets
from comfyfleet.servers.nats_and_s3 import nats_child, s3_child
from comfyfleet.supervision.supervisor import Supervisor
from runtime.embedded.programs import BUCKET, REGION
from runtime.provision import provision_nats
from runtime.testing.ports import eventually, free_port


async def test_nats_recovers_by_itself_from_a_kill(supervisor: Supervisor, tmp_path: Path) -> None:
    secrets, config, port = FleetSecrets(), tmp_path / "nats.conf", free_port()
    spec = nats_child(config, tmp_path / "nats", secrets, port=port, monitor_port=free_port())
    assert config.stat().st_mode & 0o777 == 0o600
    await supervisor.start([spec])
    await provision_nats(f"nats://127.0.0.1:{port}", secrets.nats_provisioner)
    [child] = supervisor.fleet.children
    assert child.pid
    os.kill(child.pid, signal.SIGKILL)
    await eventually(lambda: child.restarts == 1 and child.phase == "ready", within=20)
    await provision_nats(f"nats://127.0.0.1:{port}", secrets.nats_provisioner)


async def test_objects_outlive_a_kill_of_the_s3_server(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    secrets, port = FleetSecrets(), free_port()
    await supervisor.start([s3_child(tmp_path / "s3", secrets, port=port)])
    client = Minio(
        endpoint=f"127.0.0.1:{port}",
        access_key=secrets.s3_access_key,
        secret_key=secrets.s3_secret_key,
        secure=False,
        region=REGION,
    )
    client.put_object(BUCKET, "a/b", BytesIO(b"bytes"), 5)
    [child] = supervisor.fleet.children
    assert child.pid
    os.kill(child.pid, signal.SIGKILL)
    await eventually(lambda: child.restarts == 1 and child.phase == "ready", within=20)
    answer = client.get_object(BUCKET, "a/b")
    assert answer.read() == b"bytes"
    answer.close()
    answer.release_conn()
