"""Decides which file names stay inside the folder they are meant for."""

import re

ANNOTATION = re.compile(r"\[(input|output|temp)\]\s*$")
"""ComfyUI reads `x.png [output]` from another folder, which holds other people's results."""
OWN_FOLDER = " [input]"
"""The annotation that names the folder which a loader reads anyway. ComfyUI's mask editor writes
it, and `annotated_filepath` (folder_paths.py) cuts off these eight characters."""


def is_inside(name: str) -> bool:
    """Tell whether a relative name cannot leave its folder, on any operating system."""
    name = name.removesuffix(OWN_FOLDER)
    if "\0" in name or ANNOTATION.search(name):
        return False
    parts = with_slashes(name).split("/")
    is_absolute = parts[0] in ("", "~") and len(parts) > 1
    has_drive = len(parts[0]) > 1 and parts[0][1] == ":"
    return not is_absolute and not has_drive and ".." not in parts


def with_slashes(name: str) -> str:
    """Return the name as every system but Windows writes it."""
    return name.replace("\\", "/")
