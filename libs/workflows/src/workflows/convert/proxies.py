"""Reads `proxyWidgets`: widgets of inner graph nodes that an instance shows without an input.

Editors before 1.46 kept them as pairs (id of the inner graph node, name of the widget). Newer
editors turn each into an input of the subgraph (`proxyWidgetMigration.ts`), so the value that the
instance saved at the same place in `widgets_values` is the one that counts.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from workflows.convert.saved_file import SavedNode
from workflows.convert.widget_types import ABSENT
from workflows.json_values import as_array, as_object

OWN_INPUT = "-1"
"""The id that stands for the instance's own input in place of an inner graph node."""
PREFIX = re.compile(r"\s*(\d+)\s*:\s*(.+)")
"""Old editors wrote `5: text` for a widget of graph node 5 inside an inner subgraph."""
MOST_PREFIXES = 32
CONTROL = "control_after_generate"


@dataclass(frozen=True)
class Source:
    """A widget of a graph node inside the definition."""

    node: str
    widget: str


@dataclass(frozen=True)
class Proxy:
    source: Source
    value: Any
    """The instance's value, or ABSENT."""


def proxies(node: SavedNode, sources: Mapping[str, Mapping[str, str]]) -> Iterator[Proxy]:
    """Yield the proxies whose source exists.

    `sources` holds, for each inner graph node, the names under which its widgets may be asked for
    and the name of the widget; `5: text` asks for one of inner graph node 5.
    """
    for entry, value in saved_entries(node):
        id_, name, inner = entry
        widgets = sources.get(id_, {})
        if name not in widgets:
            name, prefix = without_prefix(name)
            inner = prefix or inner
        found = widgets.get(f"{inner}: {name}") or widgets.get(name)
        if found is not None and not name.startswith("$$") and name != CONTROL:
            yield Proxy(Source(id_, found), value)


def saved_entries(node: SavedNode) -> Iterator[tuple[tuple[str, str, str], Any]]:
    """Yield each entry as (inner graph node, widget, graph node further inside or "")."""
    entries = as_array(as_object(node.properties).get("proxyWidgets"))
    for place, entry in enumerate(entries):
        value = node.values[place] if place < len(node.values) else ABSENT
        match entry:
            case [str(id_), str(name), str(inner)]:
                yield (id_, name, inner), value
            case [str(id_), str(name)]:
                yield (id_, name, ""), value
            case _:
                pass


def without_prefix(name: str) -> tuple[str, str]:
    """Return the bare name, and the id of the last prefix or ""."""
    last = ""
    for _ in range(MOST_PREFIXES):
        found = PREFIX.fullmatch(name)
        if found is None:
            break
        last, name = found[1], found[2]
    return name, last


def own_input_values(node: SavedNode) -> dict[str, Any]:
    """Return values for the instance's own inputs; those kept after a failed migration win."""
    found = {
        name: value
        for (id_, name, _), value in saved_entries(node)
        if id_ == OWN_INPUT and value is not ABSENT and value is not None
    }
    kept = as_array(as_object(node.properties).get("proxyWidgetErrorQuarantine"))
    for entry in reversed([as_object(item) for item in kept]):
        match entry.get("originalEntry"):
            case ["-1", str(name), *_] if "hostValue" in entry:
                found[name] = entry["hostValue"]
            case _:
                pass
    return found
