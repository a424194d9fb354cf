"""Decides which file names stay inside the folder they are meant for."""

import re

ANNOTATION = re.compile(r"\[(input|output|temp)\]\s*$")
"""ComfyUI reads `x.png [output]` from another folder, which holds other people's results."""


def is_inside(name: str) -> bool:
    """Tell whether a relative name cannot leave its folder, on any operating system."""
    if "\0" in name or ANNOTATION.search(name):
        return False
    parts = name.replace("\\", "/").split("/")
    is_absolute = parts[0] in ("", "~") and len(parts) > 1
    has_drive = len(parts[0]) > 1 and parts[0][1] == ":"
    return not is_absolute and not has_drive and ".." not in parts
