"""Decides which ComfyUI releases the fleet can work with."""

import re

OLDEST_COMFYUI = (0, 3, 57)
"""The first release whose `/interrupt` names the prompt; an older one stops any prompt that runs.
(It takes a prompt id of the caller's own since 0.3.45.)"""
OLDEST_COMFYUI_TEXT = ".".join(map(str, OLDEST_COMFYUI))
RELEASE = re.compile(r"v?(\d{1,6})\.(\d{1,6})\.(\d{1,6})")


def release_of(version: str) -> tuple[int, ...] | None:
    """The numbers of a release; None for a text that is no release number."""
    found = RELEASE.match(version)
    return tuple(int(part) for part in found.groups()) if found else None


def is_too_old(version: str) -> bool:
    """Return whether the release is too old; a build without a number counts as new enough."""
    release = release_of(version)
    return release is not None and release < OLDEST_COMFYUI
