"""An S3 store whose bucket is a folder: `rclone serve s3` on loopback."""

import os
from functools import partial
from pathlib import Path

from comfyfleet.servers.programs import beside_python
from comfyfleet.supervise.child import ChildSpec
from comfyfleet.supervise.probe import says_anything
from comfyfleet.vault import Vault

BUCKET = "comfyfleet"
REGION = "us-east-1"


def s3_child(folder: Path, vault: Vault, *, port: int) -> ChildSpec:
    (folder / BUCKET).mkdir(parents=True, exist_ok=True)
    environment = {
        # In the environment, since everybody on the machine can read a command line.
        # rclone reads the value as CSV, hence the quotes.
        "RCLONE_AUTH_KEY": f'"{vault.s3_access_key},{vault.s3_secret_key}"',
        "RCLONE_CONFIG": os.devnull,
        "HOME": str(folder),
        "PATH": os.environ.get("PATH", os.defpath),
        "GOMEMLIMIT": "192MiB",
    }
    return ChildSpec(
        name="s3",
        command=(
            str(beside_python("rclone")),
            *("serve", "s3", "--addr", f"127.0.0.1:{port}", "--no-checksum", str(folder)),
        ),
        environment=environment,
        is_ready=partial(says_anything, port),
        url=f"http://127.0.0.1:{port}",
    )
