"""Writes nats-server's configuration; the contracts decide what each user may do."""

import json
from collections.abc import Mapping

from contracts.permissions import Permissions, permissions
from contracts.services import SERVICES
from contracts.topology import MAX_MESSAGE_BYTES

PROVISIONER = "provisioner"
"""The user that creates streams and buckets; no service has its password."""
SPARE_BYTES = 64 * 1024
"""The server takes this much more, so that the largest event fits beside the record of its
failure."""


def nats_config(
    passwords: Mapping[str, str], *, host: str, port: int, store_dir: str, extra: str = ""
) -> str:
    """Return the configuration: one account, one user for each service, no default permissions.

    `passwords` holds the password of each service and of `provisioner`. The server keeps events
    and buckets in `store_dir` and syncs them at least once a second.
    """
    users = [user(name, passwords[name], permissions(name)) for name in SERVICES]
    users.append(f'{{user: "{PROVISIONER}", password: "{passwords[PROVISIONER]}"}}')
    newline = "\n      "
    return f"""\
listen: "{host}:{port}"
max_payload: {MAX_MESSAGE_BYTES + SPARE_BYTES}
ping_interval: "5s"
ping_max: 2
write_deadline: "5s"
jetstream {{
  store_dir: "{store_dir}"
  sync_interval: "1s"
}}
accounts {{
  fleet {{
    jetstream: enabled
    users: [
      {newline.join(users)}
    ]
  }}
}}
{extra}
"""


def user(name: str, password: str, allowed: Permissions) -> str:
    answers = ", allow_responses: {max: 1, expires: '2m'}" if allowed.answers else ""
    denied = f", deny: {json.dumps(allowed.publish_denied)}" if allowed.publish_denied else ""
    return (
        f'{{user: "{name}", password: "{password}", permissions: {{'
        f"publish: {{allow: {json.dumps(allowed.publish)}{denied}}}, "
        f"subscribe: {{allow: {json.dumps(allowed.subscribe)}}}{answers}}}}}"
    )
