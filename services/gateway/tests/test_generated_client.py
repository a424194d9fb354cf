"""A generator makes a typed client of the OpenAPI document."""

import json
import re
import subprocess
import sys
from pathlib import Path

from gateway.app import ROUTERS
from gateway.http.application import application

CONFIG = """
post_hooks: []
content_type_overrides:
  application/zip: application/octet-stream
  "*/*": application/octet-stream
"""


def test_a_typed_client_is_generated_without_a_warning_and_imports(tmp_path: Path) -> None:
    document = application(ROUTERS, "0").openapi()
    (tmp_path / "openapi.json").write_text(json.dumps(document))
    (tmp_path / "config.yml").write_text(CONFIG)
    command = ["openapi_python_client", "generate", "--meta", "none", "--fail-on-warning"]
    places = ["--path", "openapi.json", "--config", "config.yml", "--output-path", "client"]
    made = run(tmp_path, "-m", *command, *places)
    assert made.returncode == 0, made.stdout + made.stderr
    assert not re.search("warning|error", (made.stdout + made.stderr).lower()), made.stdout
    modules = [
        ".".join(path.relative_to(tmp_path).with_suffix("").parts)
        for path in (tmp_path / "client").rglob("*.py")
    ]
    loaded = run(tmp_path, "-c", "\n".join(f"import {module}" for module in modules))
    assert loaded.returncode == 0, loaded.stderr


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
