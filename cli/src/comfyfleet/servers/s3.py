"""Describes an S3 store whose bucket is a folder: `rclone serve s3` on loopback."""

import os
from functools import partial
from pathlib import Path

from comfyfleet.secrets import FleetSecrets
from comfyfleet.servers.programs import beside_python
from comfyfleet.supervision.child import ChildSpec
from comfyfleet.supervision.probe import answers

BUCKET = "comfyfleet"
REGION = "us-east-1"


def s3_child(folder: Path, secrets: FleetSecrets, *, port: int) -> ChildSpec:
    (folder / BUCKET).mkdir(parents=True, exist_ok=True)
    environment = {
        # In the environment, because every user of the machine can read a command line.
        # rclone reads the value as CSV, hence the quotes.
        "RCLONE_AUTH_KEY": f'"{secrets.s3_access_key},{secrets.s3_secret_key}"',
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
        is_ready=partial(answers, port),
        url=f"http://127.0.0.1:{port}",
    )
