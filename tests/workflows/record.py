"""Record what a ComfyUI says about the graph node classes that the shipped workflows use.

Run as `python tests/workflows/record.py http://127.0.0.1:8188` on a server of a release that has
all classes, with all the custom nodes that workflows name. It writes
`tests/recordings/object_info_{workflows,custom_nodes}.json`.
"""

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import httpx

from workflows.docs.pages import load_folder
from workflows.graph.requirements import FILE_INPUTS, MODEL_INPUTS

ROOT = Path(__file__).parents[2]
RECORDINGS = ROOT / "tests" / "recordings"
SECTIONS = ("required", "optional")


def used_classes(folder: Path) -> set[str]:
    graphs = [json.loads(path.read_text()) for path in folder.glob("*.graph.json")]
    return {node["class_type"] for graph in graphs for node in graph.values()}


def trimmed(class_: str, info: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parts that validation reads: no tooltips and no names of files."""
    inputs: dict[str, Any] = {
        section: {name: declared_as(class_, name, declared) for name, declared in entries.items()}
        for section in SECTIONS
        if (entries := info["input"].get(section)) or section == "required"
    }
    if hidden := info["input"].get("hidden"):
        inputs["hidden"] = hidden
    return {"input": inputs, "output": info["output"], "output_node": info["output_node"]}


def declared_as(class_: str, name: str, declared: list[Any]) -> list[Any]:
    kind: Any = declared[0]
    options: list[dict[str, Any]] = [
        {key: value for key, value in entry.items() if key != "tooltip"} for entry in declared[1:]
    ]
    if name in MODEL_INPUTS.get(class_, {}) or name == FILE_INPUTS.get(class_):
        return without_names(kind, options)
    return [kind, *options]


def without_names(kind: Any, options: list[dict[str, Any]]) -> list[Any]:
    nameless = [
        entry | {"options": list[str]()} if "options" in entry else entry for entry in options
    ]
    return [list[str]() if isinstance(kind, list) else kind, *nameless]


def lines(object_info: Mapping[str, Any], classes: Iterable[str]) -> str:
    """One class a line, so that a change shows as such."""
    entries = [
        f"  {json.dumps(name)}: {json.dumps(trimmed(name, object_info[name]), ensure_ascii=False)}"
        for name in sorted(classes)
    ]
    return "{\n" + ",\n".join(entries) + "\n}\n"


def main(url: str) -> None:
    object_info = httpx.get(f"{url}/object_info", timeout=60).raise_for_status().json()
    used = used_classes(ROOT / "workflows")
    if missing := used - object_info.keys():
        sys.exit(f"The server lacks {', '.join(sorted(missing))}; the recordings stay as they are.")
    specs = [version.spec for version in load_folder(ROOT / "workflows").values()]
    custom = {name for spec in specs for name in spec.requires.classes}
    (RECORDINGS / "object_info_workflows.json").write_text(lines(object_info, used - custom))
    (RECORDINGS / "object_info_custom_nodes.json").write_text(lines(object_info, custom))


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/"))
