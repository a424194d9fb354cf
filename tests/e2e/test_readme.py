"""The README's client does what the README says."""

import re
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from comfyfleet.testing import LocalFleet

from .test_jobs import a_picture

README = Path(__file__).parents[2] / "README.md"


def test_the_client_in_python_makes_a_picture_with_an_api_key(
    fleet: LocalFleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scopes = ("--scope", "jobs:run", "--scope", "media:write")
    key = fleet.run("keys", "create", "my-app", *scopes).strip()
    code, *_ = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    code = code.replace("http://127.0.0.1:8080", fleet.url)
    code = code.replace('"cf_…"', repr(key))
    monkeypatch.chdir(tmp_path)
    Path("photo.png").write_bytes(a_picture(64, 48))
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102  the README's own code
    client: httpx.Client = names["fleet"]
    with closing(client), Image.open("small.png") as small:
        assert small.size == (512, 512)
        assert names["job"]["status"] == "completed"
        assert client.get("/v1/nodes").status_code == 403
