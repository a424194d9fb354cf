import os
import signal
from io import BytesIO
from pathlib import Path

from minio import Minio

from comfyfleet.provision import write_nats_config
from comfyfleet.provisioning import PROVISIONER, Order
from comfyfleet.servers.nats import nats_child
from comfyfleet.servers.s3 import BUCKET, REGION, s3_child
from comfyfleet.supervise.supervisor import Supervisor
from comfyfleet.vault import Vault
from runtime.provision import provision_nats
from runtime.testing.ports import eventually, free_port


def an_order(home: Path, vault: Vault) -> Order:
    return Order(
        nats_config=home / "nats.conf",
        nats_store=home / "nats",
        nats_port=free_port(),
        nats_monitor_port=free_port(),
        nats_passwords=vault.nats | {PROVISIONER: vault.nats_provisioner},
        postgres_url="",
        postgres_passwords={},
    )


async def test_nats_recovers_by_itself_from_a_kill(supervisor: Supervisor, tmp_path: Path) -> None:
    vault = Vault()
    order = an_order(tmp_path, vault)
    write_nats_config(order)
    assert order.nats_config.stat().st_mode & 0o777 == 0o600
    port, monitor = order.nats_port, order.nats_monitor_port
    await supervisor.start([nats_child(order.nats_config, port=port, monitor_port=monitor)])
    await provision_nats(f"nats://127.0.0.1:{port}", vault.nats_provisioner)
    [child] = supervisor.fleet.children
    assert child.pid
    os.kill(child.pid, signal.SIGKILL)
    await eventually(lambda: child.restarts == 1 and child.phase == "ready", within=20)
    await provision_nats(f"nats://127.0.0.1:{port}", vault.nats_provisioner)


async def test_objects_outlive_a_kill_of_the_s3_server(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    vault, port = Vault(), free_port()
    await supervisor.start([s3_child(tmp_path / "s3", vault, port=port)])
    client = Minio(
        endpoint=f"127.0.0.1:{port}",
        access_key=vault.s3_access_key,
        secret_key=vault.s3_secret_key,
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
