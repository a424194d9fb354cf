"""Reads the settings of one engine from flags and environment variables."""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from preview_engine.domain.switches import DEFAULT_MODELS

ENV_PREFIX = "COMFYFLEET_PREVIEW_"
MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Settings:
    home: Path
    host: str
    port: int
    step_seconds: float
    models: dict[str, list[str]]
    fail_class: str
    vram_mb: int
    max_upload_mb: int
    preview_method: str
    with_test_classes: bool

    @property
    def max_upload_bytes(self) -> int:
        return self.max_upload_mb * MEBIBYTE


def read_settings(arguments: Sequence[str], environment: Mapping[str, str]) -> Settings:
    """Read flags, which win over `COMFYFLEET_PREVIEW_<FLAG>`, which win over the defaults."""

    def default(name: str, fallback: object) -> object:
        return environment.get(ENV_PREFIX + name.upper(), fallback)

    parser = argparse.ArgumentParser("preview_engine", description=__doc__)
    add = parser.add_argument
    add("--home", type=Path, default=default("home", None), help="folder for input, output, temp")
    add("--host", default=default("host", "127.0.0.1"), help="address to listen on")
    add("--port", type=int, default=default("port", 8188), help="0: any free port")
    add("--step-seconds", type=float, default=default("step_seconds", 0.02))
    models_help = "JSON, or a file with it: folder → names"
    add("--models", type=read_models, default=default("models", "{}"), help=models_help)
    add("--fail-class", default=default("fail_class", ""), help="graph nodes of this class raise")
    add("--vram-mb", type=int, default=default("vram_mb", 0), help="memory to report; 0: the RAM")
    add("--max-upload-mb", type=int, default=default("max_upload_mb", 100))
    add("--preview-method", default=default("preview_method", "none"), choices=["auto", "none"])
    add(
        "--test-classes",
        dest="with_test_classes",
        action="store_true",
        default=default("test_classes", "") not in ("", "0", "false"),
        help="also offer SlowSteps, SlowBlocking, AlwaysRaises, MiscOutputs",
    )
    given = parser.parse_args(arguments)
    if given.home is None:
        parser.error(f"--home or {ENV_PREFIX}HOME is required")
    given.home = given.home.resolve()
    return Settings(**vars(given))


def read_models(text: str) -> dict[str, list[str]]:
    """Read JSON, or the file that `text` names; folders that it does not name keep the defaults."""
    if not text.lstrip().startswith("{"):
        text = Path(text).read_text("utf-8")
    named: dict[str, list[str]] = json.loads(text)
    return {**DEFAULT_MODELS, **named}
