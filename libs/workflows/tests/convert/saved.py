"""Builds files as ComfyUI's editor saves them."""

from typing import Any


def a_node(id_: int, class_: str, *values: Any, **links: int) -> dict[str, Any]:
    """A saved graph node; a double underscore in a link's name stands for a dot."""
    inputs = [{"name": name.replace("__", "."), "link": link} for name, link in links.items()]
    return {"id": id_, "type": class_, "inputs": inputs, "widgets_values": list(values)}


def a_file(*nodes: dict[str, Any], links: list[Any] | None = None) -> dict[str, Any]:
    return {"nodes": list(nodes), "links": links or []}
