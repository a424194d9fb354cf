"""Prepares NATS and Postgres for the services, in a process of its own: `python -m …`.

Its libraries need more memory than the whole supervisor, and are needed for a second only.
It reads an `Order`, writes NATS' configuration, says so, waits for a word that both servers
are up, and answers with the services' database URLs.
"""

import asyncio
import os
import sys

from comfyfleet.provisioning import CONFIGURED, GO, Order, Prepared
from runtime.provision import PROVISIONER, nats_config, provision_database, provision_nats


def main() -> None:
    order = Order.model_validate_json(sys.stdin.readline())
    write_nats_config(order)
    print(CONFIGURED, flush=True)
    if sys.stdin.readline().strip() != GO:
        sys.exit("told to stop before the servers were up")
    print(asyncio.run(prepare(order)).model_dump_json(), flush=True)


def write_nats_config(order: Order) -> None:
    text = nats_config(
        order.nats_passwords,
        host="127.0.0.1",
        port=order.nats_port,
        store_dir=str(order.nats_store),
        extra=f'http: "127.0.0.1:{order.nats_monitor_port}"',
    )
    order.nats_config.unlink(missing_ok=True)
    descriptor = os.open(order.nats_config, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)


async def prepare(order: Order) -> Prepared:
    await provision_nats(f"nats://127.0.0.1:{order.nats_port}", order.nats_passwords[PROVISIONER])
    urls = await provision_database(order.postgres_url, order.postgres_passwords)
    return Prepared(database_urls={str(service): url for service, url in urls.items()})


if __name__ == "__main__":
    main()
