"""Reads how a ComfyUI was started: from its command line, its features and its packages."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from workflows.compatibility.releases import release_of
from workflows.json_values import as_array, as_object

ASKS_FOR_PREVIEWS = (0, 6, 0)
"""Older releases know no preview method of a prompt (`extra_data.preview_method`)."""
CACHES_BY_MEMORY = (0, 23, 0)
"""Since this release results are kept until memory runs short; before, those of one prompt."""
CACHES = ("--cache-none", "--cache-lru", "--cache-ram", "--cache-classic")
MEBIBYTE = 1024**2


def settings_of(system: Mapping[str, Any], features: Mapping[str, Any]) -> list[str]:
    """Return the settings that matter to a fleet, in words; the arguments are ComfyUI's answers."""
    arguments = [str(argument) for argument in as_array(system.get("argv"))]
    release = release_of(str(system.get("comfyui_version", ""))) or ASKS_FOR_PREVIEWS
    limit, assets = features.get("max_upload_size"), features.get("assets") is True
    return [
        f"previews: {previews(arguments, release)}",
        f"uploads: up to {limit // MEBIBYTE} MiB" if isinstance(limit, int) else "uploads: ?",
        f"cache: {cache(arguments, release)}",
        f"assets: {'on' if assets or '--enable-assets' in arguments else 'off'}",
    ]


def previews(arguments: Sequence[str], release: tuple[int, ...]) -> str:
    method = value_of(arguments, "--preview-method")
    if method not in (None, "none"):
        return f"{method} for every prompt"
    if release < ASKS_FOR_PREVIEWS:
        return "none; start it with --preview-method auto"
    return "as each job asks"


def cache(arguments: Sequence[str], release: tuple[int, ...]) -> str:
    for flag in CACHES:
        if flag in arguments:
            value = value_of(arguments, flag)
            return " ".join(filter(None, [flag.removeprefix("--cache-"), value]))
    return "until memory runs short" if release >= CACHES_BY_MEMORY else "of one prompt"


def value_of(arguments: Sequence[str], flag: str) -> str | None:
    """Return the argument after the flag, unless that is a flag too."""
    following = dict(pairwise(arguments)).get(flag)
    return None if following is None or following.startswith("--") else following


def package_drift(system: Mapping[str, Any]) -> list[str]:
    """Return the packages that are installed in another release than this ComfyUI requires."""
    entries = [as_object(entry) for entry in as_array(system.get("comfy_package_versions"))]
    return [
        f"{entry.get('name')} {entry['installed']}, not {entry.get('required')}"
        for entry in entries
        if entry.get("installed") and entry["installed"] != entry.get("required")
    ]
