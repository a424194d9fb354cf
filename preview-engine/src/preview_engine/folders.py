"""Resolves names inside the folders of one engine, and refuses names that lead outside."""

import os
import re
import secrets
import shutil
import string
import time
from contextlib import suppress
from pathlib import Path

KINDS = ("input", "output", "temp")
ANNOTATION = re.compile(r"^(?P<name>.*) \[(?P<kind>input|output|temp)\]$", re.DOTALL)
REMEMBERED_COUNTERS = 512


class OutsideFolderError(Exception):
    """The name leads out of its folder."""

    reported_type = "Exception"


class Folders:
    """`input`, `output` and `temp` below one home; temp is emptied at start."""

    def __init__(self, home: Path) -> None:
        self.home = home
        shutil.rmtree(home / "temp", ignore_errors=True)
        for kind in KINDS:
            (home / kind).mkdir(parents=True, exist_ok=True)
        letters = (secrets.choice(string.ascii_lowercase) for _ in range(5))
        self.temp_prefix = "ComfyUI_temp_" + "".join(letters)
        self.roots = {kind: (home / kind).resolve() for kind in KINDS}
        self._counters: dict[tuple[Path, str], int] = {}

    def resolve(self, kind: str, *parts: str) -> Path:
        """Return the path of a name inside folder `kind`; raise if it would lie outside."""
        root = self.roots[kind]
        try:
            path = root.joinpath(*parts).resolve()
        except (ValueError, OSError) as error:
            raise OutsideFolderError(f"not a file name: {parts[-1]!r}") from error
        if path != root and root not in path.parents:
            raise OutsideFolderError(f"outside of {kind}: {'/'.join(parts)}")
        return path

    def input_file(self, name: str) -> Path:
        """Return the path of `name`, which may be annotated like `x.png [output]`.

        ComfyUI would read any path of the host; this engine reads its own folders only.
        """
        plain, kind = annotated(name)
        return self.resolve(kind or "input", plain)

    def has_input(self, name: str) -> bool:
        """Return whether the file exists, and mark it as used: an accepted prompt will read it."""
        with suppress(OutsideFolderError, OSError):
            path = self.input_file(name)
            if path.exists():
                with suppress(OSError):  # another user's file
                    os.utime(path)
                return True
        return False

    def list_inputs(self) -> list[str]:
        return sorted(entry.name for entry in (self.home / "input").iterdir() if entry.is_file())

    def list_models(self) -> dict[str, list[str]]:
        """Return the files below `models` by folder; hidden ones are not listed."""
        found: dict[str, list[str]] = {}
        root = self.home / "models"
        for path in root.rglob("*"):
            place = path.relative_to(root)
            if len(place.parts) > 1 and not path.name.startswith(".") and path.is_file():
                found.setdefault(place.parts[0], []).append(Path(*place.parts[1:]).as_posix())
        return found

    def new_files(
        self, kind: str, prefix: str, size: tuple[int, int], ending: str, count: int = 1
    ) -> list[Path]:
        """Return `count` new paths, `prefix_00001_.ending` and so on, in a folder that exists.

        Counters are remembered, so that not every save lists a folder of thousands of files.
        """
        filled = fill_prefix(prefix, *size)
        folder, name = (self.home / kind / filled).parent, Path(filled).name
        try:
            folder = self.resolve(kind, str(Path(filled).parent))
        except OutsideFolderError as error:
            raise OutsideFolderError(
                "**** ERROR: Saving image outside the output folder is not allowed.\n"
                f" full_output_folder: {folder}\n         output_dir: {self.home / kind}\n"
            ) from error
        folder.mkdir(parents=True, exist_ok=True)
        last = self._counters.get((folder, name)) or _highest_counter(folder, name)
        if len(self._counters) >= REMEMBERED_COUNTERS:
            self._counters.clear()
        self._counters[folder, name] = last + count
        return [folder / f"{name}_{last + n:05}_.{ending}" for n in range(1, count + 1)]

    def entry(self, kind: str, path: Path) -> dict[str, str]:
        """Describe a file as ComfyUI describes it to clients."""
        subfolder = path.parent.relative_to(self.roots[kind])
        where = "" if subfolder == Path() else subfolder.as_posix()
        return {"filename": path.name, "subfolder": where, "type": kind}


def annotated(name: str) -> tuple[str, str | None]:
    """`x.png [output]` → (`x.png`, `output`)."""
    match = ANNOTATION.match(name)
    return (match["name"], match["kind"]) if match else (name, None)


def fill_prefix(prefix: str, width: int, height: int) -> str:
    """Replace the placeholders that ComfyUI knows in a filename_prefix."""
    now = time.localtime()
    known = {"width": width, "height": height, "year": now.tm_year}
    known |= {"month": f"{now.tm_mon:02}", "day": f"{now.tm_mday:02}", "hour": f"{now.tm_hour:02}"}
    known |= {"minute": f"{now.tm_min:02}", "second": f"{now.tm_sec:02}"}
    for word, value in known.items():
        prefix = prefix.replace(f"%{word}%", str(value))
    return prefix


def _highest_counter(folder: Path, name: str) -> int:
    pattern = re.compile(re.escape(name) + r"_(\d+)_")
    found = (pattern.match(entry.name) for entry in folder.iterdir())
    return max((int(match[1]) for match in found if match), default=0)
